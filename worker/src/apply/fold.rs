//! Merging the changes of one batch in memory, so that each row is written once.

use std::cmp;
use std::collections::BTreeMap;

use crate::event::{Change, Millis, Table};

/// All that a batch says about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// The object's id.
    pub id: &'a str,
    /// Its newest snapshot.
    pub data: Option<&'a str>,
    /// The version of that snapshot; empty without one.
    pub version: &'a str,
    /// When it was first deleted.
    pub deleted_at: Option<Millis>,
}

impl<'a> Row<'a> {
    fn empty(id: &'a str) -> Self {
        Self { id, data: None, version: "", deleted_at: None }
    }

    fn join(&mut self, change: &'a Change<'a>) {
        if let Some(snapshot) = &change.snapshot
            && snapshot.version.as_str() > self.version
        {
            self.data = Some(snapshot.data);
            self.version = snapshot.version.as_str();
        }
        self.deleted_at = earlier(self.deleted_at, change.deleted_at);
    }
}

/// One row an object, sorted by id, the tables in writing order.
pub(super) fn fold<'a>(changes: impl Iterator<Item = &'a Change<'a>>) -> BTreeMap<Table, Vec<Row<'a>>> {
    let mut objects = BTreeMap::new();
    for change in changes {
        let id = change.id.as_ref();
        objects.entry((change.table, id)).or_insert_with(|| Row::empty(id)).join(change);
    }
    let mut tables = BTreeMap::<_, Vec<_>>::new();
    for ((table, _), row) in objects {
        tables.entry(table).or_default().push(row);
    }
    tables
}

fn earlier(a: Option<Millis>, b: Option<Millis>) -> Option<Millis> {
    match (a, b) {
        (Some(a), Some(b)) => Some(cmp::min(a, b)),
        (one, other) => one.or(other),
    }
}
