//! The queue in a SQLite file, for one machine: one writer that commits in groups, consumers that lease rows.
//!
//! Rows stay until they are acknowledged. A lease that runs out (its holder was killed) makes the row free again.

mod consumer;
mod file;
mod publisher;

pub(super) use consumer::SqliteConsumer;
pub(super) use publisher::SqlitePublisher;
