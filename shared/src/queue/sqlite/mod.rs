//! The queue in a SQLite file, for one machine: one writer that commits in groups, consumers that lease rows.
//!
//! Rows stay until they are acknowledged. A lease is renewed for as long as its holder lives; one that runs out (its holder
//! was killed) makes the row free again. A row that was taken too often becomes a dead letter where it is.

mod backlog;
mod consumer;
mod dead_letters;
mod file;
mod holder;
mod leases;
mod publisher;

pub(super) use backlog::watch_backlog;
pub(super) use consumer::SqliteConsumer;
pub(super) use dead_letters::SqliteDeadLetters;
pub(super) use publisher::SqlitePublisher;
