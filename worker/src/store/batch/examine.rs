//! Finding out what a database has against single events of a batch that it refused as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::{Erased, Record, Row, fold, outlived};
use crate::event::{Change, Entry, Table, Verdict};
use crate::store::error::{Fault, StoreError};
use crate::store::findings::Findings;
use crate::store::ledger::Outcome;

/// One open transaction of a backend in which things are tried out. Whoever opened it rolls it back.
pub(in crate::store) trait Trial: Erased {
    /// Whether the rows can be merged; they stay merged then. Any error means that the fault is not in the data.
    fn merges(&mut self, table: Table, rows: &[Row<'_>]) -> Result<bool, StoreError>;

    /// Whether the rows can be written into the ledger, likewise.
    fn records(&mut self, records: &[Record<'_>]) -> Result<bool, StoreError>;

    /// Why a row cannot be merged; `None` if it can.
    fn merge_fault(&mut self, table: Table, row: &Row<'_>) -> Result<Option<Fault>, StoreError>;

    /// Why a row cannot be written into the ledger; `None` if it can.
    fn record_fault(&mut self, record: &Record<'_>) -> Result<Option<Fault>, StoreError>;
}

/// Says of each entry what the database has against it, given those before it.
pub(in crate::store) fn examine(
    trial: &mut dyn Trial,
    entries: &[Entry<'_>],
) -> Result<Vec<Findings>, StoreError> {
    let remains = outlived(trial, entries)?;
    let entries = remains.as_deref().unwrap_or(entries);
    let mut findings = vec![Findings::default(); entries.len()];

    let mut objects = BTreeMap::<_, Vec<usize>>::new();
    for (index, entry) in entries.iter().enumerate() {
        if let Verdict::Mirror(change) = &entry.verdict {
            objects.entry((change.table, change.id.as_ref())).or_default().push(index);
        }
    }
    for (table, rows) in fold::fold(entries.iter().filter_map(change)) {
        for row in refused(&rows, &mut |rows| trial.merges(table, rows))? {
            // Of several events about one object, any may be the reason.
            for &index in objects.get(&(table, row.id)).into_iter().flatten() {
                let alone = fold::fold(change(&entries[index]).into_iter());
                for row in alone.values().flatten() {
                    findings[index].mirror = trial.merge_fault(table, row)?;
                }
            }
        }
    }

    let mut indexes = Vec::from_iter(0..entries.len());
    indexes.sort_unstable_by(|&a, &b| entries[a].svix_id.cmp(&entries[b].svix_id));
    let records: Vec<Record<'_>> = indexes.iter().map(|&index| record(&entries[index])).collect();
    let unrecorded: BTreeSet<&str> = refused(&records, &mut |records| trial.records(records))?
        .into_iter()
        .map(|record| record.entry.svix_id.as_ref())
        .collect();
    for (index, record) in indexes.into_iter().zip(&records) {
        if unrecorded.contains(record.entry.svix_id.as_ref()) {
            findings[index].ledger = trial.record_fault(record)?;
        }
    }
    Ok(findings)
}

fn change<'a>(entry: &'a Entry<'_>) -> Option<&'a Change<'a>> {
    match &entry.verdict {
        Verdict::Mirror(change) => Some(change),
        Verdict::Ignored | Verdict::Dead(_) => None,
    }
}

/// The entry's row in the ledger, as far as it can be known before the mirror has moved.
fn record<'a>(entry: &'a Entry<'a>) -> Record<'a> {
    let outcome = match entry.verdict {
        Verdict::Mirror(_) => Outcome::Applied,
        Verdict::Ignored => Outcome::Ignored,
        Verdict::Dead(_) => Outcome::Dead,
    };
    Record { entry, outcome }
}

/// Those items that are refused even alone, found by halving.
fn refused<'a, T>(
    items: &'a [T],
    accepted: &mut dyn FnMut(&[T]) -> Result<bool, StoreError>,
) -> Result<Vec<&'a T>, StoreError> {
    if items.is_empty() || accepted(items)? {
        return Ok(Vec::new());
    }
    if let [item] = items {
        return Ok(vec![item]);
    }
    let (left, right) = items.split_at(items.len() / 2);
    let mut found = refused(left, accepted)?;
    found.extend(refused(right, accepted)?);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn what_is_refused_is_found_in_few_attempts() {
        let items = Vec::from_iter(0..512);
        let mut attempts = 0;
        let found = refused(&items, &mut |items| {
            attempts += 1;
            Ok(!items.contains(&200))
        });
        assert_eq!(found.unwrap(), [&200]);
        assert_eq!(attempts, 1 + 2 * 9);
    }

    #[test]
    fn all_that_is_refused_is_found() {
        let items = Vec::from_iter(0..100);
        let mut attempts = 0;
        let found = refused(&items, &mut |items| {
            attempts += 1;
            Ok(items.iter().all(|item| item % 2 == 0))
        });
        assert!(found.unwrap().into_iter().copied().eq((1..100).step_by(2)));
        assert!(attempts < 2 * items.len());
    }
}
