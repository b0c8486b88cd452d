//! What the benchmarks share: the traffic, the broker's inbox, how a run is described and reported.

pub mod admin;
mod inbox;
mod machine;
pub mod options;
pub mod report;
mod spread;
mod table;
pub mod traffic;

pub use inbox::Inbox;
pub use machine::Machine;
pub use options::{Options, parse};
pub use spread::Spread;
pub use table::Table;
pub use traffic::{SECRET, Traffic, now};
