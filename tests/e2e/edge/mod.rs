//! The edge against every kind of client: what it answers, and what it does not let them do to it.

mod connections;
mod contract;
mod memory;
mod protocol;
mod slow;
mod source;
mod tls;

use harness::http::Response;

use crate::{
    backends::{Backends, Database, Queue},
    deployment::Ingest,
};

const BODY: &[u8] =
    br#"{"data":{"id":"user_1","object":"user","updated_at":1},"object":"event","type":"user.created"}"#;

fn ingest(hint: &str, more: &[(&str, &str)]) -> Ingest {
    Ingest::start_unready(&Backends::new(Queue::Sqlite, Database::Sqlite, hint), more)
}

/// Everything of an answer but the date.
fn shape(response: &Response) -> (u16, Option<&str>, &str) {
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("webhook-delivery"), None, "Svix would act on it");
    (response.status, response.header("allow").or(response.header("retry-after")), response.text())
}

/// The head of a POST to the endpoint, complete, with these headers.
fn head(headers: &str) -> String {
    format!("POST /webhooks/clerk HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
}

/// A whole request that leaves the connection open.
fn keep_alive(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = head(&format!("{headers}Content-Length: {}\r\n", body.len()));
    [head.as_bytes(), body].concat()
}

/// The value of one of the edge's metrics.
pub fn metric(ingest: &Ingest, name: &str) -> f64 {
    let name = format!("clerk_mirror_ingest_{name}");
    crate::deployment::metric(ingest.admin, &name).unwrap_or_else(|| panic!("no metric {name}"))
}
