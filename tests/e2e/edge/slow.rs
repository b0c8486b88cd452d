//! Nobody holds a connection for ever, however slowly or unwillingly they send or read.

use std::{io::ErrorKind, time::Duration};

use harness::{Proxy, http::Connection, wait_until};

use super::{BODY, head, ingest, keep_alive, metric, shape};
use crate::{
    backends::{Backends, Database, Queue},
    deployment::{Ingest, PATIENCE},
    signed::{headers, now},
};

/// The connection's own limit is then a few seconds.
const QUICK: &[(&str, &str)] = &[("REQUEST_TIMEOUT", "1s"), ("PUBLISH_TIMEOUT", "1s")];

/// A connection on which one request has been answered.
fn used_connection(ingest: &Ingest) -> Connection {
    let mut connection = Connection::open(ingest.address).deadline(PATIENCE);
    connection.send(keep_alive(&headers("msg_used", now(), BODY), BODY));
    assert_eq!(connection.receive().status, 200);
    connection
}

/// Sends one byte every now and then, until the connection closes; the answer, if one came.
fn drip(connection: Connection, bytes: &[u8]) -> Option<(u16, String)> {
    let mut connection = connection.deadline(Duration::from_millis(20));
    let (mut answer, mut bytes) = (None, bytes.iter().cycle());
    wait_until("the connection closes", PATIENCE, || {
        connection.send([*bytes.next().unwrap()]);
        match connection.try_receive() {
            Ok(response) => answer = Some((response.status, response.text().to_owned())),
            Err(error) => return error.kind() != ErrorKind::TimedOut,
        }
        false
    });
    answer
}

#[track_caller]
fn assert_all_closed(ingest: &Ingest) {
    wait_until("no connection is left", PATIENCE, || metric(ingest, "connections") == 0.0);
    wait_until("no request is left", PATIENCE, || metric(ingest, "in_flight") == 0.0);
    assert_eq!(metric(ingest, "body_bytes"), 0.0);
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let ingest = ingest("stalled_body", QUICK);
    let mut connection = Connection::open(ingest.address).deadline(PATIENCE);
    connection.send(head(&format!("{}Content-Length: 100\r\n", headers("msg_1", now(), BODY))) + "{");
    assert_eq!(shape(&connection.receive()), (408, None, r#"{"error":"body_timeout"}"#));
    connection.wait_closed();
    assert_all_closed(&ingest);
}

#[test]
fn a_head_that_stalls_is_given_up() {
    let ingest = ingest("stalled_head", QUICK);
    for beginning in ["", "P", "POST /webhooks/clerk HTTP/1.1\r\nHost:"] {
        let mut connection = Connection::open(ingest.address).deadline(PATIENCE);
        connection.send(beginning);
        assert_eq!(connection.receive().status, 408, "{beginning}");
    }
    assert_all_closed(&ingest);
}

#[test]
fn a_later_head_that_stalls_is_given_up() {
    let ingest = ingest("stalled_later_head", QUICK);
    let mut connection = used_connection(&ingest);
    connection.send("POST /webhooks/clerk HTTP/1.1\r\nHost:");
    connection.wait_closed();
    assert_all_closed(&ingest);
    assert_eq!(metric(&ingest, "connections_expired_total"), 1.0);
}

#[test]
fn what_drips_in_gets_no_more_time_than_what_stalls() {
    let ingest = ingest("dripping", QUICK);
    let connect = || Connection::open(ingest.address);
    let endless_head =
        b"POST /webhooks/clerk HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    assert_eq!(drip(connect(), endless_head), Some((408, String::new())));
    assert_eq!(drip(used_connection(&ingest), endless_head), None);

    let mut connection = used_connection(&ingest);
    connection.send(head(&format!("{}Content-Length: 100000\r\n", headers("msg_1", now(), BODY))));
    assert_eq!(drip(connection, b" "), Some((408, r#"{"error":"body_timeout"}"#.to_owned())));
    assert_all_closed(&ingest);
}

#[test]
fn the_rest_of_a_refused_request_is_not_waited_for() {
    let ingest = ingest("refused_rest", QUICK);
    for (length, rest) in [
        ("Content-Length: 100000", " "),
        ("Transfer-Encoding: chunked", "5\r\nabc"),
        ("Transfer-Encoding: chunked", "1\r\na\r\n"),
    ] {
        let refused = head(&format!("svix-id: msg_1\r\n{length}\r\n"));
        let mut connection = used_connection(&ingest);
        connection.send(&refused);
        assert_eq!(shape(&connection.receive()), (400, None, r#"{"error":"timestamp_missing"}"#));
        connection.send(rest);
        connection.wait_closed();

        let mut connection = used_connection(&ingest);
        connection.send(&refused);
        assert_eq!(connection.receive().status, 400);
        assert_eq!(drip(connection, b"1\r\na\r\n"), None);
    }
    assert_all_closed(&ingest);
}

#[test]
fn answers_that_nobody_reads_are_not_kept() {
    let ingest = ingest("unread_answers", QUICK);
    let mut connection = Connection::open(ingest.address);
    // More than the buffers of both ends can hold the answers of. Sending ends when the connection does.
    connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000_000));
    assert_all_closed(&ingest);
    assert_eq!(metric(&ingest, "connections_expired_total"), 1.0);
    assert_eq!(metric(&ingest, r#"requests_total{outcome="accepted"}"#), 0.0);
}

#[test]
fn a_client_that_goes_away_leaves_nothing_behind() {
    let ingest = ingest("gone", &[]);
    let headers = headers("msg_1", now(), BODY);
    for complete in [false, true] {
        let mut connection = Connection::open(ingest.address);
        let body = if complete { BODY } else { &BODY[..9] };
        connection
            .send([head(&format!("{headers}Content-Length: {}\r\n", BODY.len())).as_bytes(), body].concat());
        if !complete {
            wait_until("the body is being read", PATIENCE, || metric(&ingest, "body_bytes") == 9.0);
            assert_eq!(metric(&ingest, "in_flight"), 1.0);
        }
        drop(connection);
        assert_all_closed(&ingest);
    }
}

#[test]
fn a_client_that_goes_away_while_its_event_waits_leaves_nothing_behind() {
    let mut backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "gone_waiting");
    let (proxy, url) = Proxy::in_front_of(&backends.queue_url);
    backends.queue_url = url;
    let ingest = Ingest::start(&backends);
    proxy.freeze();
    let mut connection = Connection::open(ingest.address);
    connection.send(keep_alive(&headers("msg_1", now(), BODY), BODY));
    wait_until("the event waits", PATIENCE, || metric(&ingest, "body_bytes") == BODY.len() as f64);
    drop(connection);
    assert_all_closed(&ingest);
}
