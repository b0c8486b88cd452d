//! What a process says of itself: logs, metrics, and the admin endpoints that show them.

pub mod admin;
mod logs;
#[macro_use]
mod metrics;

pub use logs::{LogFormat, init_logs};
pub use metrics::register;
#[doc(hidden)]
pub use prometheus;
