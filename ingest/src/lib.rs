//! The HTTP edge: believes only what is signed, queues it, and acknowledges what is durable.
//!
//! Data flows one way: [`endpoint`](self) reads the headers and the body, the signature makes it a verified
//! delivery, the queue makes it durable, and only then does a 2xx leave.

#![warn(clippy::unwrap_used, clippy::expect_used)]

mod acceptor;
mod answer;
mod body;
mod budget;
mod config;
mod connection;
mod descriptors;
mod endpoint;
mod metrics;
mod serve;
mod server;
mod source;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;

pub use config::{Config, EdgeArgs, IngestArgs};
pub use metrics::Metrics;
pub use serve::serve;
