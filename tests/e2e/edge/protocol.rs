//! What HTTP/1.1 allows, forbids and leaves open, and what is answered to it.

use std::{io::ErrorKind, net::SocketAddr};

use harness::{
    http::{Connection, Response},
    wait_until,
};

use super::{BODY, head, ingest, keep_alive, metric};
use crate::{
    deployment::PATIENCE,
    signed::{headers, now, request},
};

/// All answers to these bytes until the connection closes, as `STATUS CODE`; actix-web's own have no code.
fn answers(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Vec<String> {
    let mut connection = Connection::open(address).deadline(PATIENCE);
    connection.send(bytes);
    let mut answers = Vec::new();
    loop {
        match connection.try_receive() {
            Ok(response) => answers.push(in_words(&response)),
            Err(error) if error.kind() == ErrorKind::TimedOut => panic!("open after {answers:?}"),
            Err(_) => return answers,
        }
    }
}

fn in_words(response: &Response) -> String {
    let code = response.text().trim_start_matches(r#"{"error":""#).trim_end_matches(r#""}"#);
    format!("{} {}", response.status, if code == "{}" { "accepted" } else { code }).trim_end().to_owned()
}

/// A request with a chunked body.
fn chunked(chunks: &str) -> String {
    head(&format!("Connection: close\r\n{}Transfer-Encoding: chunked\r\n", headers("msg_1", now(), BODY)))
        + chunks
}

/// `BODY` in two chunks, with something after the size of the first, and between the last and the end.
fn two_chunks(extension: &str, trailers: &str) -> String {
    let (first, second) = std::str::from_utf8(BODY).unwrap().split_at(10);
    format!("a{extension}\r\n{first}\r\n{:X}\r\n{second}\r\n0\r\n{trailers}\r\n", second.len())
}

#[track_caller]
fn assert_answers(hint: &str, cases: &[(&str, Vec<u8>, &[&str])]) {
    let ingest = ingest(hint, &[]);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(name, bytes, expected)| {
            let found = answers(ingest.address, bytes);
            (found != *expected).then(|| format!("{name}: {found:?} instead of {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_form_of_a_good_request_is_accepted() {
    let good = || String::from_utf8(request(&headers("msg_1", now(), BODY), BODY)).unwrap();
    let accepted: &[&str] = &["200 accepted"];
    let many = "X-Many: x\r\n".repeat(80);
    let long = format!("X-Long: {}\r\n", "x".repeat(100 * 1024));
    assert_answers(
        "good_forms",
        &[
            ("as Svix sends it", good().into(), accepted),
            ("names in upper case", good().replace("svix-", "SVIX-").into(), accepted),
            ("a query", good().replace("/clerk ", "/clerk?a=b&c ").into(), accepted),
            ("a whole URL", good().replace(" /webhooks", " http://elsewhere/webhooks").into(), accepted),
            ("HTTP/1.0", good().replace("HTTP/1.1", "HTTP/1.0").into(), accepted),
            ("HTTP/1.0 without a host", good().replace("HTTP/1.1\r\nHost: x", "HTTP/1.0").into(), accepted),
            ("many headers", good().replace("Host:", &format!("{many}Host:")).into(), accepted),
            ("a long head", good().replace("Host:", &format!("{long}Host:")).into(), accepted),
            ("other headers twice", good().replace("Host:", "X-A: 1\r\nX-A: 2\r\nHost:").into(), accepted),
            (
                "bytes beyond ASCII in another header",
                [&b"POST /webhooks/clerk HTTP/1.1\r\nX-Name: \xe9\xff\r\n"[..], &good().as_bytes()[31..]]
                    .concat(),
                accepted,
            ),
            ("empty lines before it", format!("\r\n\r\n{}", good()).into(), accepted),
            ("chunked", chunked(&two_chunks("", "")).into(), accepted),
            ("chunked, with trailers", chunked(&two_chunks("", "X-Trailer: x\r\n")).into(), accepted),
            ("chunked, with extensions", chunked(&two_chunks(";name=value", "")).into(), accepted),
            (
                "100-continue",
                good().replace("Host:", "Expect: 100-continue\r\nHost:").into(),
                &["100", "200 accepted"],
            ),
        ],
    );
}

#[test]
fn what_is_no_good_request_is_refused_with_a_reason() {
    let signature = headers("msg_1", now(), BODY);
    let with = |headers: &str| request(headers, BODY);
    let latin1 = |name: &str| {
        let text = signature.replace(&format!("{name}: "), &format!("{name}: \u{1}"));
        with(&text).into_iter().map(|byte| if byte == 1 { 0xe9 } else { byte }).collect::<Vec<_>>()
    };
    let without_body = |line: &str| format!("{line}\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes();
    assert_answers(
        "bad_requests",
        &[
            ("Latin-1 in the id", latin1("svix-id"), &["400 id_invalid"]),
            ("Latin-1 in the timestamp", latin1("svix-timestamp"), &["400 timestamp_invalid"]),
            ("Latin-1 in the signature", latin1("svix-signature"), &["400 signature_invalid"]),
            ("UTF-8 in the id", with(&signature.replace("msg_1", "msg_é")), &["400 id_invalid"]),
            ("UTF-8 in the signature", with(&signature.replace("v1,", "v1,é")), &["400 signature_invalid"]),
            (
                "an id twice in one header",
                with(&signature.replace("msg_1", "msg_1, msg_1")),
                &["400 id_invalid"],
            ),
            ("no size where a chunk begins", chunked("zz\r\n").into(), &["400 body_unreadable"]),
            ("a size that no number holds", chunked(&"f".repeat(40)).into(), &["400 body_unreadable"]),
            (
                "no end of line after a chunk",
                chunked("1\r\nab\r\n0\r\n\r\n").into(),
                &["400 body_unreadable"],
            ),
            ("OPTIONS", without_body("OPTIONS /webhooks/clerk HTTP/1.1"), &["405 method_not_allowed"]),
            ("HEAD", without_body("HEAD /webhooks/clerk HTTP/1.1"), &["405"]),
            (
                "a method of one's own",
                without_body("BREW /webhooks/clerk HTTP/1.1"),
                &["405 method_not_allowed"],
            ),
            ("another case", without_body("POST /Webhooks/clerk HTTP/1.1"), &["404 not_found"]),
            ("an encoded slash", without_body("POST /webhooks%2Fclerk HTTP/1.1"), &["404 not_found"]),
            ("the server itself", without_body("OPTIONS * HTTP/1.1"), &["404 not_found"]),
            (
                "100-continue, refused by its headers",
                head("Connection: close\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n").into(),
                &["100", "400 id_missing"],
            ),
        ],
    );
}

#[test]
fn what_is_no_http_is_answered_by_the_server_itself() {
    let good = || String::from_utf8(request(&headers("msg_1", now(), BODY), BODY)).unwrap();
    let with = |more: &str| good().replace("Host:", &format!("{more}\r\nHost:")).into_bytes();
    assert_answers(
        "no_http",
        &[
            ("97 headers", with(&"X-Many: x\r\n".repeat(96)[..96 * 11 - 2]), &["431"]),
            ("a head over 128 KiB", with(&format!("X-Long: {}", "x".repeat(128 * 1024))), &["431"]),
            ("a length and chunked", with("Transfer-Encoding: chunked"), &["400"]),
            ("chunked twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), &["400"]),
            ("another encoding", with("Transfer-Encoding: gzip, chunked"), &["400"]),
            ("two lengths", with("Content-Length: 1"), &["400"]),
            ("the same length twice", with(&format!("Content-Length: {}", BODY.len())), &["400"]),
            ("a negative length", good().replace("Content-Length: ", "Content-Length: -").into(), &["400"]),
            (
                "a length with a plus",
                good().replace("Content-Length: ", "Content-Length: +").into(),
                &["400"],
            ),
            ("no host", good().replace("Host: x\r\n", "").into(), &["400"]),
            ("two hosts", with("Host: y"), &["400"]),
            ("a space before the colon", with("X-A : 1"), &["400"]),
            ("a folded header", with("X-A: 1\r\n 2"), &["400"]),
            ("no HTTP version", good().replace(" HTTP/1.1", "").into(), &["400"]),
            ("HTTP/2 from the start", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &["400"]),
            ("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(), &["400"]),
            ("a NUL", b"\0".to_vec(), &["400"]),
        ],
    );
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let post = |id: &str| keep_alive(&headers(id, now(), BODY), BODY);
    let refused = |headers: &str| keep_alive(headers, b"");
    let requests = [
        post("msg_1"),
        refused(""),
        post("msg_2"),
        b"GET /webhooks/clerk HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        keep_alive(&headers("msg_3", now(), b"another"), BODY),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        refused("svix-id: msg_4\r\n"),
        request(&headers("msg_5", now(), BODY), BODY),
    ];
    let expected: &[&str] = &[
        "200 accepted",
        "400 id_missing",
        "200 accepted",
        "405 method_not_allowed",
        "400 signature_mismatch",
        "404 not_found",
        "400 timestamp_missing",
        "200 accepted",
    ];
    assert_answers("pipelined", &[("good and bad ones", requests.concat(), expected)]);
}

/// The HTTP server itself panics over it; that must not reach beyond the connection.
#[test]
fn a_header_name_past_what_the_server_can_hold_ends_its_connection_alone() {
    let ingest = ingest("long_name", &[]);
    let good = || request(&headers("msg_1", now(), BODY), BODY);
    let named = |length: usize| {
        let header = format!("{}: x\r\nHost:", "x".repeat(length));
        String::from_utf8(good()).unwrap().replace("Host:", &header)
    };
    assert_eq!(answers(ingest.address, named(65_535)), ["200 accepted"]);
    // More than there are threads.
    for length in [65_536, 100_000].repeat(10) {
        assert_eq!(answers(ingest.address, named(length)), [] as [&str; 0]);
        assert_eq!(answers(ingest.address, good()), ["200 accepted"]);
    }
    wait_until("no connection is left", PATIENCE, || metric(&ingest, "connections") == 0.0);
    assert_eq!(metric(&ingest, "in_flight"), 0.0);
}

/// An answer that waits for the one before it to be acknowledged would be lost with the reset.
#[test]
fn what_was_answered_before_the_connection_is_reset_arrives() {
    let ingest = ingest("reset", &[]);
    let post = |id: &str| keep_alive(&headers(id, now(), BODY), BODY);
    for _ in 0..20 {
        let mut connection = Connection::open(ingest.address).deadline(PATIENCE);
        for id in ["msg_1", "msg_2", "msg_3"] {
            connection.send(post(id));
        }
        connection.send("\0");
        // Nobody reads this: if some of it comes before the server closes, the connection is reset.
        for _ in 0..1_000 {
            connection.send("x");
        }
        let statuses = [(); 4].map(|()| connection.receive().status);
        assert_eq!(statuses, [200, 200, 200, 400]);
    }
}
