//! What one transaction does, the same whatever the database.
//!
//! Merging is idempotent and commutative, so nothing is looked up before it is written: the rows are merged,
//! what the database says has moved decides the outcomes, and the ledger says which of the events were new.

mod examine;
mod fold;
mod replay;

pub(super) use examine::{Trial, examine};
pub(super) use fold::Row;
pub(super) use replay::{Held, Rewrite, replay};

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::event::{Change, Entry, Millis, Table, Verdict};
use crate::store::error::StoreError;
use crate::store::ledger::Outcome;

/// What an open transaction knows of erasures.
pub(super) trait Erased {
    /// Which of the ids have been erased. Until this transaction ends, no other can be.
    fn erased(&mut self, ids: &[&str]) -> Result<HashSet<String>, StoreError>;
}

/// One open transaction of a backend.
pub(super) trait Transaction: Erased {
    /// Merges rows into a table: `data` and `version` move only to a greater version, `deleted_at` only to an
    /// earlier time. The ids are sorted and no two are the same. Returns the rows that moved.
    fn merge(&mut self, table: Table, rows: &[Row<'_>]) -> Result<Vec<Moved>, StoreError>;

    /// Writes the ledger's rows, sorted by svix-id, leaving alone those already there. Returns the svix-ids of
    /// the rest.
    fn record(&mut self, records: &[Record<'_>]) -> Result<Vec<String>, StoreError>;
}

/// A mirror row that moved, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moved {
    /// The object's id.
    pub id: String,
    /// How new its data is.
    pub version: String,
    /// When it was deleted.
    pub deleted_at: Option<Millis>,
}

/// A row for the ledger.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// The delivery.
    pub entry: &'a Entry<'a>,
    /// What became of it.
    pub outcome: Outcome,
}

impl Record<'_> {
    /// Why the event is dead.
    pub fn error(&self) -> Option<&str> {
        match &self.entry.verdict {
            Verdict::Dead(reason) => Some(reason),
            Verdict::Mirror(_) | Verdict::Ignored => None,
        }
    }
}

/// Applies a batch within a transaction; returns an outcome for each entry, in their order.
pub(super) fn apply(
    transaction: &mut dyn Transaction,
    entries: &[Entry<'_>],
) -> Result<Vec<Outcome>, StoreError> {
    let remains = outlived(transaction, entries)?;
    apply_all(transaction, remains.as_deref().unwrap_or(entries))
}

/// The entries without what concerns the erased; `None` if nobody of them is.
fn outlived<'a, T: Erased + ?Sized>(
    transaction: &mut T,
    entries: &'a [Entry<'_>],
) -> Result<Option<Vec<Entry<'a>>>, StoreError> {
    let ids: BTreeSet<&str> = entries.iter().flat_map(Entry::ids).collect();
    let erased = transaction.erased(&Vec::from_iter(ids))?;
    Ok((!erased.is_empty()).then(|| entries.iter().map(|entry| entry.without(&erased)).collect()))
}

fn apply_all(transaction: &mut dyn Transaction, entries: &[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> {
    let first = first_deliveries(entries);
    let moved = merge(transaction, entries, &first)?;
    let mut records: Vec<(usize, Record<'_>)> = first
        .into_iter()
        .map(|index| {
            let entry = &entries[index];
            (index, Record { entry, outcome: outcome(&entry.verdict, &moved) })
        })
        .collect();
    // Workers that write the same events wait for each other in one order.
    records.sort_unstable_by(|(_, a), (_, b)| a.entry.svix_id.cmp(&b.entry.svix_id));
    let (indexes, records): (Vec<usize>, Vec<Record<'_>>) = records.into_iter().unzip();

    let mut outcomes = vec![Outcome::Duplicate; entries.len()];
    if records.is_empty() {
        return Ok(outcomes);
    }
    let fresh: HashSet<String> = transaction.record(&records)?.into_iter().collect();
    for (index, record) in indexes.into_iter().zip(&records) {
        if fresh.contains(record.entry.svix_id.as_ref()) {
            outcomes[index] = record.outcome;
        }
    }
    Ok(outcomes)
}

/// The indexes of the entries that are not repeated deliveries within the batch.
fn first_deliveries(entries: &[Entry<'_>]) -> Vec<usize> {
    let mut seen = HashSet::with_capacity(entries.len());
    (0..entries.len()).filter(|&index| seen.insert(entries[index].svix_id.as_ref())).collect()
}

type MovedRows = BTreeMap<Table, HashMap<String, Moved>>;

fn merge(
    transaction: &mut dyn Transaction,
    entries: &[Entry<'_>],
    indexes: &[usize],
) -> Result<MovedRows, StoreError> {
    let changes = indexes.iter().filter_map(|&index| match &entries[index].verdict {
        Verdict::Mirror(change) => Some(change),
        Verdict::Ignored | Verdict::Dead(_) => None,
    });
    let mut moved = MovedRows::new();
    for (table, rows) in fold::fold(changes) {
        let rows = transaction.merge(table, &rows)?;
        moved.insert(table, rows.into_iter().map(|row| (row.id.clone(), row)).collect());
    }
    Ok(moved)
}

fn outcome(verdict: &Verdict<'_>, moved: &MovedRows) -> Outcome {
    match verdict {
        Verdict::Ignored => Outcome::Ignored,
        Verdict::Dead(_) => Outcome::Dead,
        Verdict::Mirror(change) if is_in(change, moved) => Outcome::Applied,
        Verdict::Mirror(_) => Outcome::Stale,
    }
}

/// Whether the row moved, and it is this change that it now shows.
fn is_in(change: &Change<'_>, moved: &MovedRows) -> bool {
    let Some(row) = moved.get(&change.table).and_then(|rows| rows.get(change.id.as_ref())) else {
        return false;
    };
    let shows_snapshot =
        change.snapshot.as_ref().is_some_and(|snapshot| snapshot.version.as_str() == row.version);
    let shows_deletion = change.deleted_at.is_some() && change.deleted_at == row.deleted_at;
    shows_snapshot || shows_deletion
}
