//! Signed requests, byte for byte.

use std::{
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use harness::http::{self, Response};
use shared::signature::Secret;

/// The signing secret of every test.
pub const SECRET: &str = "whsec_dGhlIHNlY3JldCBvZiB0aGUgdGVzdHM=";

/// Now, in seconds.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// The three signature headers.
pub fn headers(svix_id: &str, timestamp: i64, body: &[u8]) -> String {
    headers_by(SECRET, svix_id, timestamp, body)
}

/// The three signature headers, signed with another secret.
pub fn headers_by(secret: &str, svix_id: &str, timestamp: i64, body: &[u8]) -> String {
    let signature = secret.parse::<Secret>().unwrap().sign(svix_id, timestamp, body);
    format!("svix-id: {svix_id}\r\nsvix-timestamp: {timestamp}\r\nsvix-signature: {signature}\r\n")
}

/// A whole request with these headers.
pub fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /webhooks/clerk HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Sends one event as Svix does.
pub fn post(address: SocketAddr, svix_id: &str, body: &[u8]) -> Response {
    http::request(address, request(&headers(svix_id, now(), body), body))
}
