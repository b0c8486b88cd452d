//! The database: one small blocking trait, two backends chosen by URL.

mod batch;
mod erasure;
mod error;
mod findings;
mod ledger;
mod migrate;
mod postgres;
mod sqlite;
mod stats;
mod trial;
mod upkeep;

pub use erasure::{Erased, Erasure};
pub use error::{Fault, OpenError, StoreError};
pub use findings::Findings;
pub use ledger::{EventFilter, FormerState, LedgerRow, Outcome, Place, Selection};
pub use stats::{Stats, TableStats};
pub use upkeep::{Postponed, Upkeep};

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Entry, Millis};

/// The mirror and the ledger. Every call blocks until the database has answered.
pub trait Store: Send + Sync {
    /// Brings the schema up to date; returns the names of the migrations that ran. Any number of processes may
    /// call it at once.
    fn migrate(&self) -> Result<Vec<String>, StoreError>;

    /// Whether the database answers.
    fn ping(&self) -> Result<(), StoreError>;

    /// Gives up connections on which an answer is overdue that the database would have given by now; whether there were
    /// any. Calls that wait for one may wait for ever; whoever made them had better not.
    fn give_up_silent(&self) -> bool {
        false
    }

    /// Applies a batch in one transaction; returns an outcome for each entry, in their order.
    fn apply(&self, entries: &[Entry<'_>]) -> Result<Vec<Outcome>, StoreError>;

    /// Tries the entries, changing nothing; says of each what the database has against it, as far as it gets: there may
    /// be more once that is settled. Any error means that the fault is not in the data.
    fn examine(&self, entries: &[Entry<'_>]) -> Result<Vec<Findings>, StoreError>;

    /// Removes a deleted user's personal data from mirror and ledger. The deletion stays, and nothing that arrives
    /// later brings the rest back.
    fn erase(&self, user_id: &str) -> Result<Erasure, StoreError>;

    /// Users deleted before a time who have not been erased, the longest deleted first.
    fn erasable(&self, before: Millis, limit: u32) -> Result<Vec<String>, StoreError>;

    /// The ledger's rows that pass the filter, newest first.
    fn events(&self, filter: &EventFilter) -> Result<Vec<LedgerRow>, StoreError>;

    /// The ledger's row of one event.
    fn event(&self, svix_id: &str) -> Result<Option<LedgerRow>, StoreError>;

    /// What the ledger said of an event before it was replayed, the oldest state first.
    fn history(&self, svix_id: &str) -> Result<Vec<FormerState>, StoreError>;

    /// A page of a selection: at most `limit` rows after a place in it, those received first first. However long
    /// the selection is, all its pages together read the ledger once.
    fn select(
        &self,
        selection: &Selection,
        after: Option<&Place>,
        limit: u16,
    ) -> Result<Vec<LedgerRow>, StoreError>;

    /// How many rows a selection has.
    fn count(&self, selection: &Selection) -> Result<i64, StoreError>;

    /// Applies events of the ledger again, in one transaction, and rewrites the rows of which there is news; the
    /// former states are kept as history. No two entries are of the same event, and `occurred_at` of each is its
    /// row's. Returns an outcome for each, in their order: a duplicate is one that changed neither mirror nor ledger.
    ///
    /// On a `dry_run` the outcomes are those that there would be, and nothing is changed.
    fn replay(&self, entries: &[Entry<'_>], dry_run: bool) -> Result<Vec<Outcome>, StoreError>;

    /// Keeps the ledger in partitions (PostgreSQL), and deletes what both occurred and was received longer ago than
    /// `retention`; with none, everything is kept. Any number of processes may call it at once; one does it. What
    /// cannot be done now is no error: it says so, and the next call tries again.
    fn maintain(&self, retention: Option<Duration>) -> Result<Upkeep, StoreError>;

    /// How much there is in each table. Rows are counted if `exact`, which reads all of them; else PostgreSQL gives
    /// its own estimate, at once. SQLite has none and always counts.
    fn stats(&self, exact: bool) -> Result<Stats, StoreError>;
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The greatest number of connections. SQLite, which has one writer, always uses one.
    pub connections: NonZeroU32,
    /// How long a call waits for a connection, or for other processes to finish writing (SQLite).
    pub acquire_timeout: Duration,
    /// How long one statement may take (PostgreSQL).
    pub statement_timeout: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            connections: NonZeroU32::MIN,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

/// Opens the database at a URL: `postgres://…`, `postgresql://…` or `sqlite:PATH`.
///
/// Connects on first use, so the database need not be up.
pub fn open(url: &str, options: &StoreOptions) -> Result<Arc<dyn Store>, OpenError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        return Ok(Arc::new(sqlite::SqliteStore::open(path, options)?));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Arc::new(postgres::PostgresStore::open(url, options)?));
    }
    Err(OpenError::Scheme)
}
