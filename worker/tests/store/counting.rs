//! A store that counts what is asked of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use worker::event::{Entry, Millis};
use worker::store::{
    Erasure, EventFilter, Findings, FormerState, LedgerRow, Outcome, Place, Selection, Stats, Store,
    StoreError, Upkeep,
};

/// Passes everything on to another store.
pub struct Counting<'a> {
    store: &'a dyn Store,
    transactions: AtomicUsize,
}

impl<'a> Counting<'a> {
    pub fn over(store: &'a dyn Store) -> Self {
        Self { store, transactions: AtomicUsize::new(0) }
    }

    /// How many transactions have been made with events.
    pub fn transactions(&self) -> usize {
        self.transactions.load(Ordering::Relaxed)
    }

    fn counted(&self) -> &'a dyn Store {
        self.transactions.fetch_add(1, Ordering::Relaxed);
        self.store
    }
}

impl Store for Counting<'_> {
    fn migrate(&self) -> Result<Vec<String>, StoreError> {
        self.store.migrate()
    }

    fn ping(&self) -> Result<(), StoreError> {
        self.store.ping()
    }

    fn apply(&self, entries: &[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> {
        self.counted().apply(entries)
    }

    fn examine(&self, entries: &[Entry<'_>]) -> Result<Vec<Findings>, StoreError> {
        self.counted().examine(entries)
    }

    fn erase(&self, user_id: &str) -> Result<Erasure, StoreError> {
        self.store.erase(user_id)
    }

    fn erasable(&self, before: Millis, limit: u32) -> Result<Vec<String>, StoreError> {
        self.store.erasable(before, limit)
    }

    fn events(&self, filter: &EventFilter) -> Result<Vec<LedgerRow>, StoreError> {
        self.store.events(filter)
    }

    fn event(&self, svix_id: &str) -> Result<Option<LedgerRow>, StoreError> {
        self.store.event(svix_id)
    }

    fn history(&self, svix_id: &str) -> Result<Vec<FormerState>, StoreError> {
        self.store.history(svix_id)
    }

    fn select(
        &self,
        selection: &Selection,
        after: Option<&Place>,
        limit: u16,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        self.store.select(selection, after, limit)
    }

    fn count(&self, selection: &Selection) -> Result<i64, StoreError> {
        self.store.count(selection)
    }

    fn replay(&self, entries: &[Entry<'_>], dry_run: bool) -> Result<Vec<Outcome>, StoreError> {
        self.counted().replay(entries, dry_run)
    }

    fn maintain(&self, retention: Option<Duration>) -> Result<Upkeep, StoreError> {
        self.store.maintain(retention)
    }

    fn stats(&self, exact: bool) -> Result<Stats, StoreError> {
        self.store.stats(exact)
    }
}
