//! Dead letters: what the queue gives up on ends in the ledger, whatever it did to the workers that took it.

mod broker;
mod killer;
pub mod parcel;
mod sight;
