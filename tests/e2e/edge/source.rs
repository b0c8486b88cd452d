//! Who may send at all.

use harness::http::{self, Connection};

use super::{BODY, head, ingest, metric, shape};
use crate::signed::{headers, now, post, request};

const REFUSED: (u16, Option<&str>, &str) = (403, None, r#"{"error":"source_not_allowed"}"#);

#[test]
fn only_sources_on_the_list_are_read() {
    let allowed = ingest("allowed", &[("ALLOW_FROM", "192.0.2.0/24, 127.0.0.0/8")]);
    assert_eq!(post(allowed.address, "msg_1", BODY).status, 200);

    let refused = ingest("refused", &[("ALLOW_FROM", "192.0.2.0/24,::1")]);
    let mut connection = Connection::open(refused.address);
    // The body never comes.
    connection.send(head(&format!("{}Content-Length: 100\r\n", headers("msg_1", now(), BODY))));
    assert_eq!(shape(&connection.receive()), REFUSED);
    let pretending = format!("X-Forwarded-For: 192.0.2.1\r\n{}", headers("msg_1", now(), BODY));
    assert_eq!(shape(&http::request(refused.address, request(&pretending, BODY))), REFUSED);
    assert_eq!(metric(&refused, r#"requests_total{outcome="source_not_allowed"}"#), 2.0);
}

#[test]
fn behind_a_trusted_proxy_the_source_is_who_called_the_proxy() {
    let ingest =
        ingest("proxied", &[("ALLOW_FROM", "192.0.2.0/24"), ("TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8")]);
    let from = |forwarded_for: &str| {
        let headers = format!("{forwarded_for}{}", headers("msg_1", now(), BODY));
        http::request(ingest.address, request(&headers, BODY))
    };
    for forwarded_for in [
        "X-Forwarded-For: 192.0.2.1\r\n",
        "X-Forwarded-For: 203.0.113.1, 192.0.2.1, 10.1.1.1\r\n",
        "x-forwarded-for: 203.0.113.1\r\nX-Forwarded-For: 192.0.2.1\r\n",
    ] {
        assert_eq!(from(forwarded_for).status, 200, "{forwarded_for}");
    }
    for forwarded_for in [
        "",
        "X-Forwarded-For: 203.0.113.1\r\n",
        "X-Forwarded-For: 192.0.2.1, 203.0.113.1\r\n",
        "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 203.0.113.1\r\n",
        "X-Forwarded-For: 192.0.2.1, unknown\r\n",
    ] {
        assert_eq!(shape(&from(forwarded_for)), REFUSED, "{forwarded_for}");
    }
}
