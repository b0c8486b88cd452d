//! What one transaction of a replay does, the same whatever the database.
//!
//! The events are merged as if they had just arrived. Of each whose row in the ledger would now be another one, the
//! row is rewritten.

use std::collections::HashMap;

use diesel::prelude::QueryableByName;
use diesel::result::Error as DieselError;
use diesel::sql_types::{Bool, Nullable, Text};
use serde::Serialize;

use super::{Record, Transaction, merge, outcome, outlived};
use crate::event::Entry;
use crate::store::error::StoreError;
use crate::store::ledger::Outcome;

/// A transaction that can change what is in the ledger.
pub(in crate::store) trait Rewrite: Transaction {
    /// The ledger's rows of some events, given as a JSON array of [`Key`]s; rows that are gone are left out. Until
    /// this transaction ends, nobody else changes them.
    fn hold(&mut self, keys: &str) -> Result<Vec<Held>, StoreError>;

    /// Copies rows into the history, and then makes them what a JSON array of [`New`]s says. Where the payload is
    /// not kept, it goes, and so does what the former error may quote of it.
    fn rewrite(&mut self, rows: &str) -> Result<(), StoreError>;
}

/// What a row of the ledger is found by.
#[derive(Serialize)]
struct Key<'a> {
    svix_id: &'a str,
    /// The row's, which on PostgreSQL says what partition it is in.
    occurred_at: String,
}

/// What a row of the ledger is to be.
#[derive(Serialize)]
struct New<'a> {
    #[serde(flatten)]
    key: Key<'a>,
    event_type: Option<&'a str>,
    object_id: Option<&'a str>,
    user_id: Option<&'a str>,
    instance_id: Option<&'a str>,
    outcome: Outcome,
    error: Option<&'a str>,
    keep_payload: bool,
}

impl<'a> Key<'a> {
    fn of(entry: &'a Entry<'_>) -> Self {
        Self { svix_id: &entry.svix_id, occurred_at: entry.occurred_at.to_rfc3339() }
    }
}

impl<'a> New<'a> {
    fn of(record: &'a Record<'_>) -> Self {
        let Record { entry, outcome } = record;
        Self {
            key: Key::of(entry),
            event_type: entry.event_type.as_deref(),
            object_id: entry.object_id.as_deref(),
            user_id: entry.user_id.as_deref(),
            instance_id: entry.instance_id.as_deref(),
            outcome: *outcome,
            error: record.error(),
            keep_payload: entry.payload.is_some(),
        }
    }
}

fn json(rows: impl Iterator<Item = impl Serialize>) -> Result<String, StoreError> {
    let rows: Vec<_> = rows.collect();
    serde_json::to_string(&rows).map_err(|error| DieselError::SerializationError(error.into()).into())
}

/// A row of the ledger, as far as a replay may change it.
#[derive(Debug, QueryableByName)]
pub(in crate::store) struct Held {
    #[diesel(sql_type = Text)]
    svix_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    event_type: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    object_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    user_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    instance_id: Option<String>,
    #[diesel(sql_type = Text)]
    outcome: Outcome,
    #[diesel(sql_type = Nullable<Text>)]
    error: Option<String>,
    #[diesel(sql_type = Bool)]
    has_payload: bool,
}

impl Held {
    /// The row's outcome after the event has been merged again. What was once applied stays applied if nothing is
    /// left to do: the mirror shows it, or something newer.
    fn next(&self, merged: Outcome) -> Outcome {
        match (self.outcome, merged) {
            (Outcome::Applied, Outcome::Stale | Outcome::Ignored) => Outcome::Applied,
            _ => merged,
        }
    }

    /// Whether the row is already as the record would have it.
    fn says(&self, record: &Record<'_>) -> bool {
        let Record { entry, outcome } = record;
        self.outcome == *outcome
            && self.error.as_deref() == record.error()
            && self.event_type.as_deref() == entry.event_type.as_deref()
            && self.object_id.as_deref() == entry.object_id.as_deref()
            && self.user_id.as_deref() == entry.user_id.as_deref()
            && self.instance_id.as_deref() == entry.instance_id.as_deref()
            && (entry.payload.is_some() || !self.has_payload)
    }
}

/// Applies events of the ledger again within a transaction; returns an outcome for each, in their order.
pub(in crate::store) fn replay(
    transaction: &mut dyn Rewrite,
    entries: &[Entry<'_>],
) -> Result<Vec<Outcome>, StoreError> {
    let remains = outlived(transaction, entries)?;
    replay_all(transaction, remains.as_deref().unwrap_or(entries))
}

fn replay_all(transaction: &mut dyn Rewrite, entries: &[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> {
    let all: Vec<usize> = (0..entries.len()).collect();
    let moved = merge(transaction, entries, &all)?;
    // After the mirror, as everywhere: whoever locks rows in one order cannot deadlock.
    let held = transaction.hold(&json(entries.iter().map(Key::of))?)?;
    let held: HashMap<&str, &Held> = held.iter().map(|row| (row.svix_id.as_str(), row)).collect();

    let mut news = Vec::new();
    let outcomes = entries
        .iter()
        .map(|entry| {
            let merged = outcome(&entry.verdict, &moved);
            let unchanged = if merged == Outcome::Applied { merged } else { Outcome::Duplicate };
            let Some(row) = held.get(entry.svix_id.as_ref()) else { return unchanged };
            let record = Record { entry, outcome: row.next(merged) };
            if row.says(&record) {
                return unchanged;
            }
            let outcome = record.outcome;
            news.push(record);
            outcome
        })
        .collect();
    if !news.is_empty() {
        transaction.rewrite(&json(news.iter().map(New::of))?)?;
    }
    Ok(outcomes)
}
