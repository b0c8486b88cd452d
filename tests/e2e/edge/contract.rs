//! The HTTP contract, byte for byte.

use harness::http::{self, Connection};

use super::{BODY, ingest, keep_alive, shape};
use crate::signed::{headers, now, post, request};

#[test]
fn a_signed_event_is_accepted_whatever_is_in_it() {
    let ingest = ingest("accepted", &[]);
    for (id, body) in [("msg_1", BODY), ("msg_2", b"{" as &[u8]), ("msg_3", b""), ("msg_4", b"\xff\0")] {
        assert_eq!(shape(&post(ingest.address, id, body)), (200, None, "{}"));
    }
    let white_label = headers("msg_5", now(), BODY).replace("svix-", "webhook-");
    assert_eq!(shape(&http::request(ingest.address, request(&white_label, BODY))), (200, None, "{}"));
}

#[test]
fn a_compressed_body_is_taken_as_the_bytes_that_were_signed() {
    let ingest = ingest("compressed", &[]);
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let headers = format!("{}Content-Encoding: gzip\r\n", headers("msg_1", now(), gzip));
    assert_eq!(http::request(ingest.address, request(&headers, gzip)).status, 200);
}

#[test]
fn what_is_not_believed_is_refused_with_its_reason() {
    let ingest = ingest("rejected", &[]);
    let good = headers("msg_1", now(), BODY);
    let id = "svix-id: msg_1\r\n";
    let cases = [
        (good.replace(id, ""), "id_missing"),
        (good.replace(id, &id.repeat(2)), "id_duplicated"),
        (good.replace("msg_1", "msg.1"), "id_invalid"),
        (good.replace("svix-timestamp", "x"), "timestamp_missing"),
        (good.replace("svix-timestamp: ", "svix-timestamp: x"), "timestamp_invalid"),
        (format!("{good}svix-timestamp: {}\r\n", now()), "timestamp_duplicated"),
        (headers("msg_1", now() - 310, BODY), "timestamp_too_old"),
        (headers("msg_1", now() + 310, BODY), "timestamp_too_new"),
        (good.replace("svix-signature", "x"), "signature_missing"),
        (format!("{good}svix-signature: v1,x\r\n"), "signature_duplicated"),
        (good.replace("v1,", "v2,"), "signature_invalid"),
        (headers("msg_1", now(), b"another body"), "signature_mismatch"),
    ];
    for (headers, code) in cases {
        let response = http::request(ingest.address, request(&headers, BODY));
        assert_eq!(shape(&response), (400, None, &*format!(r#"{{"error":"{code}"}}"#)), "{headers}");
    }
}

#[test]
fn other_methods_and_paths_are_not_there() {
    let ingest = ingest("routes", &[]);
    for method in ["GET", "PUT", "DELETE"] {
        let request = format!("{method} /webhooks/clerk HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let response = http::request(ingest.address, request);
        assert_eq!(shape(&response), (405, Some("POST"), r#"{"error":"method_not_allowed"}"#), "{method}");
    }
    for path in ["/", "/webhooks/clerk/", "/metrics"] {
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(
            shape(&http::request(ingest.address, request)),
            (404, None, r#"{"error":"not_found"}"#),
            "{path}"
        );
    }
}

#[test]
fn a_body_over_the_limit_is_refused_announced_or_not() {
    let ingest = ingest("too_large", &[("BODY_LIMIT", "4096")]);
    let body = vec![b' '; 4097];
    let answer = (413, None, r#"{"error":"body_too_large"}"#);
    assert_eq!(shape(&post(ingest.address, "msg_1", &body)), answer);

    let headers = headers("msg_1", now(), &body);
    let mut chunked = format!(
        "POST /webhooks/clerk HTTP/1.1\r\nHost: x\r\n{headers}Transfer-Encoding: chunked\r\n\r\n1001\r\n"
    )
    .into_bytes();
    chunked.extend_from_slice(&body);
    assert_eq!(shape(&http::request(ingest.address, &chunked)), answer);
    assert_eq!(post(ingest.address, "msg_2", &vec![b' '; 4096]).status, 200);
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let ingest = ingest("keep_alive", &[]);
    let mut connection = Connection::open(ingest.address);
    let request = |id: &str| keep_alive(&headers(id, now(), BODY), BODY);
    for id in ["msg_1", "msg_2"] {
        connection.send(request(id));
        assert_eq!(connection.receive().status, 200);
    }
    connection.send([request("msg_3"), request("msg_4")].concat());
    assert_eq!((connection.receive().status, connection.receive().status), (200, 200));
}
