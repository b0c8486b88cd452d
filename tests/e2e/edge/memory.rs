//! The bodies of all requests together take no more memory than they may.

use harness::{http::Connection, wait_until};

use super::{BODY, head, ingest, metric, shape};
use crate::{
    deployment::PATIENCE,
    signed::{headers, now, post},
};

const BUDGET: usize = 1024 * 1024;
const HELD: usize = 100 * 1024;

#[test]
fn bodies_past_the_budget_are_refused_until_there_is_room_again() {
    let ingest = ingest(
        "budget",
        &[("BODY_MEMORY", &BUDGET.to_string()), ("BODY_LIMIT", "262144"), ("REQUEST_TIMEOUT", "10m")],
    );
    let headers = headers("msg_1", now(), BODY);
    let stall = || {
        let mut connection = Connection::open(ingest.address).deadline(PATIENCE);
        connection.send(head(&format!("{headers}Content-Length: 262144\r\n")) + &" ".repeat(HELD));
        connection
    };
    let fits = BUDGET / HELD;
    let stalled: Vec<_> = (0..fits).map(|_| stall()).collect();
    wait_until("the budget is taken", PATIENCE, || metric(&ingest, "body_bytes") == (fits * HELD) as f64);

    for _ in 0..50 {
        assert_eq!(shape(&stall().receive()), (503, Some("5"), r#"{"error":"overloaded"}"#));
        assert!(metric(&ingest, "body_bytes") <= BUDGET as f64);
    }
    assert_eq!(metric(&ingest, r#"requests_total{outcome="overloaded"}"#), 50.0);
    assert_eq!(post(ingest.address, "msg_2", BODY).status, 200, "there is room for this");

    drop(stalled);
    wait_until("all is given back", PATIENCE, || metric(&ingest, "body_bytes") == 0.0);
    assert_eq!(post(ingest.address, "msg_3", &vec![b' '; 262_144]).status, 200);
    assert_eq!(metric(&ingest, "body_bytes"), 0.0);
}

#[test]
fn many_clients_with_large_bodies_cost_no_more_than_the_budget() {
    let ingest = ingest("flood", &[("REQUEST_TIMEOUT", "10m")]);
    let headers = headers("msg_1", now(), BODY);
    let request = head(&format!("{headers}Content-Length: 1048576\r\n")) + &" ".repeat(1_000_000);
    let before = harness::proc_stat(ingest.process.pid()).rss_bytes;
    let _clients: Vec<_> = (0..300)
        .map(|_| {
            let mut connection = Connection::open(ingest.address);
            connection.send(&request);
            connection
        })
        .collect();
    let overloaded = || metric(&ingest, r#"requests_total{outcome="overloaded"}"#);
    wait_until("all but those that fit are refused", PATIENCE, || overloaded() >= 280.0);
    let after = harness::proc_stat(ingest.process.pid()).peak_rss_bytes;
    println!("resident: {} kB before, at most {} kB with 300 MB on offer", before / 1024, after / 1024);
    assert!(metric(&ingest, "body_bytes") <= 16.0 * 1024.0 * 1024.0);
    assert!(after < 160 * 1024 * 1024, "{after} bytes resident");
}
