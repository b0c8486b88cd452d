//! What is sent: signed events, each of a number of its own.

use std::{net::SocketAddr, time::Duration};

use harness::{Pace, Sender};

use crate::{
    deployment::metric,
    signed::{headers, now},
};

/// How many requests can be in flight.
pub const CONNECTIONS: usize = 32;
/// Connections send in step, so that many events are on their way to the queue at once.
const PACE: Pace = Pace { connections: CONNECTIONS, every: Duration::from_millis(20) };
const APPLIED: &str = r#"clerk_mirror_worker_events_total{outcome="applied",type="user.updated"}"#;
const SMALL: usize = 300;
const LARGE: usize = 100_000;

/// Starts the load.
pub fn start(address: SocketAddr) -> Sender {
    start_at(address, PACE)
}

/// Starts a load of another pace.
pub fn start_at(address: SocketAddr, pace: Pace) -> Sender {
    Sender::start(address, pace, request)
}

/// Starts a load of this pace, whose events are numbered from `first` on.
pub fn start_from(first: usize, address: SocketAddr, pace: Pace) -> Sender {
    Sender::start(address, pace, move |number| request(first + number))
}

/// How many of these events the worker behind these admin endpoints has applied.
pub fn applied(admin: SocketAddr) -> f64 {
    metric(admin, APPLIED).expect("the worker counts events")
}

/// The svix-id of an event.
pub fn svix_id(number: usize) -> String {
    format!("msg_{number}")
}

/// The number of the event that has this svix-id.
pub fn number(svix_id: &str) -> Option<usize> {
    svix_id.strip_prefix("msg_")?.parse().ok()
}

/// An event; one in a hundred is large.
pub fn body(number: usize) -> Vec<u8> {
    sized(number, if number % 100 == 99 { LARGE } else { SMALL })
}

/// An event of about so many bytes.
pub fn sized(number: usize, bytes: usize) -> Vec<u8> {
    let bio = "x".repeat(bytes);
    format!(
        r#"{{"data":{{"id":"user_{number}","updated_at":1700000000000,"bio":"{bio}"}},"timestamp":1700000000000,"type":"user.updated"}}"#
    )
    .into_bytes()
}

fn request(number: usize) -> Vec<u8> {
    let body = body(number);
    let headers = headers(&svix_id(number), now(), &body);
    let head = format!(
        "POST /webhooks/clerk HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}
