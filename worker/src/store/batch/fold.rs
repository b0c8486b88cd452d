//! Merging the changes of one batch in memory, so that each row is written once.

use std::cmp;
use std::collections::BTreeMap;

use crate::event::{Change, Millis, Table};

/// All that a batch says about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Row<'a> {
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
            self.data = Some(&snapshot.data);
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::event::{Snapshot, Version};

    fn millis(at: i64) -> Millis {
        Millis::from_millis(at).unwrap()
    }

    fn snapshot(id: &'static str, at: i64, data: &'static str) -> Change<'static> {
        let snapshot = Snapshot { version: Version::new(millis(at), millis(at), "msg"), data: data.into() };
        Change {
            table: Table::Users,
            id: Cow::Borrowed(id),
            snapshot: Some(snapshot),
            deleted_at: None,
            inviter_id: None,
        }
    }

    fn deletion(id: &'static str, at: i64) -> Change<'static> {
        Change {
            table: Table::Users,
            id: Cow::Borrowed(id),
            snapshot: None,
            deleted_at: Some(millis(at)),
            inviter_id: None,
        }
    }

    #[test]
    fn an_object_keeps_its_newest_snapshot_and_its_earliest_deletion_in_any_order() {
        let changes = [snapshot("u", 2, "new"), deletion("u", 9), snapshot("u", 1, "old"), deletion("u", 7)];
        let expected = Row {
            id: "u",
            data: Some("new"),
            version: "000000000000002:000000000000002:msg",
            deleted_at: Some(millis(7)),
        };
        assert_eq!(fold(changes.iter())[&Table::Users], [expected]);
        assert_eq!(fold(changes.iter().rev())[&Table::Users], [expected]);
    }

    #[test]
    fn a_deletion_alone_is_a_row_without_data() {
        let changes = [deletion("u", 7)];
        let expected = Row { id: "u", data: None, version: "", deleted_at: Some(millis(7)) };
        assert_eq!(fold(changes.iter())[&Table::Users], [expected]);
    }

    #[test]
    fn tables_come_in_writing_order_and_rows_sorted_by_id() {
        let roles = Change { table: Table::Roles, ..snapshot("r", 1, "role") };
        let changes = [roles, snapshot("b", 1, "{}"), snapshot("a", 1, "{}")];
        let folded = fold(changes.iter());
        assert!(folded.keys().eq(&[Table::Users, Table::Roles]));
        assert!(folded[&Table::Users].iter().map(|row| row.id).eq(["a", "b"]));
    }
}
