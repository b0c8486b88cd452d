//! The HTTP edge: believes only what is signed, queues it, and acknowledges what is durable.
//!
//! Data flows one way: the [`server`](self) takes connections and guards them, the [`endpoint`](self) reads a request's
//! headers and body, the signature makes it a verified delivery, the queue makes it durable, and only then does a 2xx leave.

#![warn(clippy::unwrap_used, clippy::expect_used)]

mod answer;
mod config;
mod endpoint;
mod metrics;
mod serve;
mod server;

pub use config::{Config, EdgeArgs, IngestArgs};
pub use metrics::Metrics;
pub use serve::serve;
