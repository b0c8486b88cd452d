//! How many connections the edge takes, and what they cost.

use std::{fs, io::ErrorKind, time::Duration};

use harness::{Process, binaries, http::Connection, wait_until};
use rustix::process::{Resource, getrlimit, setrlimit};

use super::{BODY, ingest, metric};
use crate::{
    deployment::PATIENCE,
    signed::{SECRET, post},
};

/// Answered without ending the connection.
const CHEAP_REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn ten_thousand_idle_connections_do_not_stand_in_the_way() {
    const IDLE: u64 = 10_000;
    let mut limit = getrlimit(Resource::Nofile);
    let hard = limit.maximum.unwrap_or(u64::MAX);
    assert!(hard > IDLE + 500, "this test needs more open files than {hard} (ulimit -Hn)");
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();

    let ingest = ingest("idle", &[("REQUEST_TIMEOUT", "10m")]);
    let before = harness::proc_stat(ingest.process.pid()).rss_bytes;
    let mut idle: Vec<_> = (0..IDLE)
        .map(|_| {
            let mut connection = Connection::open(ingest.address).deadline(PATIENCE);
            connection.send(CHEAP_REQUEST);
            connection
        })
        .collect();
    for connection in &mut idle {
        assert_eq!(connection.receive().status, 404);
    }
    assert!(metric(&ingest, "connections") >= IDLE as f64);
    assert_eq!(post(ingest.address, "msg_1", BODY).status, 200);
    let after = harness::proc_stat(ingest.process.pid()).rss_bytes;
    println!("resident: {} kB before, {} kB with {IDLE} idle connections", before / 1024, after / 1024);
    assert!(after < 150 * 1024 * 1024, "{after} bytes resident");
}

#[test]
fn past_the_limit_connections_wait_until_others_close() {
    let ingest = ingest("connection_limit", &[("MAX_CONNECTIONS", "3")]);
    let mut connections: Vec<_> = (0..8)
        .map(|_| {
            let mut connection = Connection::open(ingest.address).deadline(Duration::from_millis(300));
            connection.send(CHEAP_REQUEST);
            connection
        })
        .collect();
    // Keep-alive: whoever is served stays, and nobody else gets in.
    let mut served = Vec::new();
    let mut waiting = Vec::new();
    for mut connection in connections.drain(..) {
        match connection.try_receive() {
            Ok(response) => {
                assert_eq!(response.status, 404);
                served.push(connection);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                waiting.push(connection.deadline(PATIENCE));
            }
        }
    }
    assert!(served.len() <= 3, "{} served at once", served.len());
    assert!(metric(&ingest, "connections") <= 3.0);
    for mut connection in waiting {
        drop(served.pop());
        assert_eq!(connection.receive().status, 404);
        served.push(connection);
    }
}

#[test]
fn the_limit_of_open_files_is_raised_and_its_shortness_told() {
    let vars = [
        ("QUEUE_URL", format!("sqlite:{}/queue.db", harness::scratch("open_files").display())),
        ("CLERK_WEBHOOK_SECRET", SECRET.to_owned()),
        ("LISTEN", "127.0.0.1:0".to_owned()),
        ("ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("MAX_CONNECTIONS", "5000".to_owned()),
    ];
    let script = format!("ulimit -Sn 256 && ulimit -Hn 1000 && exec {}", binaries().ingest.display());
    let ingest = Process::start("/bin/sh".as_ref(), ["-c", &*script], vars);
    wait_until("ingest has started", PATIENCE, || ingest.log().contains("receiving webhooks"));
    let limits = fs::read_to_string(format!("/proc/{}/limits", ingest.pid())).unwrap();
    let open_files: Vec<_> =
        limits.lines().find(|line| line.starts_with("Max open files")).unwrap().split_whitespace().collect();
    assert_eq!(open_files[3..5], ["1000", "1000"]);
    assert!(ingest.log().contains("MAX_CONNECTIONS needs more open files"), "{}", ingest.log());
}
