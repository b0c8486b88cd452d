//! The ledger of truth: what was sent, and what was answered to each attempt.

mod attempt;
mod delivery;
mod feed;
mod record;
mod sender;

pub use attempt::{Answer, Attempt};
pub use record::{Sent, Tally, Truth};
pub use sender::{Load, Sender, SenderClock};
