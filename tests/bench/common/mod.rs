//! What the benchmarks share: the traffic, the broker's inbox, how a run is described and reported.

pub mod admin;
mod inbox;
mod machine;
mod options;
mod report;
mod spread;
mod table;
mod traffic;

pub use inbox::Inbox;
pub use machine::Machine;
pub use options::{Options, parse, results_folder};
pub use report::{Report, Target};
pub use spread::Spread;
pub use table::Table;
pub use traffic::{SECRET, Signer, Traffic, now};
