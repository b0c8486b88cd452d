//! What the edge and the worker must agree on: whom to believe, what a delivery is, how it is queued, and
//! how a process starts, reports on itself and stops.

#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod config;
pub mod delivery;
pub mod lifecycle;
pub mod program;
pub mod queue;
pub mod signature;
pub mod telemetry;
