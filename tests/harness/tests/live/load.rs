//! The load generator against a server of a few lines.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use harness::load;

/// Answers a line on any connection: `503` to "refuse", nothing more to "close", else `200`.
fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    let answer = match line.unwrap().as_str() {
                        "close" => return,
                        "refuse" => "HTTP/1.1 503 Away\r\nContent-Length: 4\r\n\r\nbusy",
                        _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                    };
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            });
        }
    });
    (address, connections)
}

#[test]
fn every_request_is_sent_once_and_counted() {
    let (address, connections) = server();
    let requests = (0..1000).map(|n| if n % 10 == 0 { "refuse\n" } else { "take\n" });
    let report = load::run(address, 8, requests).unwrap();

    assert_eq!(report.statuses, [(200, 900), (503, 100)].into());
    assert_eq!(report.answers(), 1000);
    assert_eq!(connections.load(Ordering::SeqCst), 8);
    assert!(report.rate() > 0.0);
    let percentiles = [0.0, 50.0, 99.0, 100.0].map(|percent| report.percentile(percent));
    assert!(percentiles.is_sorted(), "{percentiles:?}");
    assert!(percentiles[3] <= report.elapsed && !percentiles[3].is_zero());
}

#[test]
fn no_requests_is_an_empty_report() {
    let report = load::run(server().0, 2, std::iter::empty::<&str>()).unwrap();
    assert_eq!((report.answers(), report.percentile(99.0).as_micros()), (0, 0));
}

#[test]
fn a_broken_connection_is_an_error() {
    let error = load::run(server().0, 1, ["close\n"].into_iter()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}
