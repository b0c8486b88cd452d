//! Finding out what a database has against single events of a batch that it refused as a whole.

use std::collections::HashMap;

use super::{Erased, Record, Row, fold, outlived};
use crate::event::{Change, Entry, Table, Verdict};
use crate::store::error::{Fault, StoreError};
use crate::store::findings::Findings;
use crate::store::ledger::Outcome;

/// One open transaction of a backend in which things are tried out. Whoever opened it rolls it back.
pub(in crate::store) trait Trial: Erased {
    /// Why rows cannot be merged; `None` if they can, and then they stay merged. Certain only of a single row. Any error
    /// means that the fault is not in the data.
    fn merge_fault(&mut self, table: Table, rows: &[Row<'_>]) -> Result<Option<Fault>, StoreError>;

    /// Why rows cannot be written into the ledger, likewise.
    fn record_fault(&mut self, records: &[Record<'_>]) -> Result<Option<Fault>, StoreError>;
}

/// Says of each entry what the database has against it, given those before it. What it refuses first is all that is
/// looked at, in the order in which a batch is applied: there may be more once that is settled.
pub(in crate::store) fn examine(
    trial: &mut dyn Trial,
    entries: &[Entry<'_>],
) -> Result<Vec<Findings>, StoreError> {
    let remains = outlived(trial, entries)?;
    let entries = remains.as_deref().unwrap_or(entries);
    let mut findings = vec![Findings::default(); entries.len()];

    for (table, rows) in fold::fold(entries.iter().filter_map(change)) {
        for (row, fault) in refused(&rows, &mut |rows| trial.merge_fault(table, rows))? {
            let is_about =
                |entry| change(entry).is_some_and(|change| (change.table, &*change.id) == (table, row.id));
            let about: Vec<usize> = (0..entries.len()).filter(|&index| is_about(&entries[index])).collect();
            if let [index] = about[..] {
                findings[index].mirror = Some(fault);
                continue;
            }
            // Of several events about one object, any may be the reason.
            for index in about {
                for row in fold::fold(change(&entries[index]).into_iter()).values() {
                    findings[index].mirror = trial.merge_fault(table, row)?;
                }
            }
        }
        if findings.iter().any(|findings| findings.mirror.is_some()) {
            return Ok(findings);
        }
    }

    let mut records: Vec<(usize, Record<'_>)> = entries.iter().map(record).enumerate().collect();
    records.sort_unstable_by(|(_, a), (_, b)| a.entry.svix_id.cmp(&b.entry.svix_id));
    let (indexes, records): (Vec<usize>, Vec<Record<'_>>) = records.into_iter().unzip();
    let refused = refused(&records, &mut |records| trial.record_fault(records))?;
    let faults: HashMap<&str, Fault> =
        refused.into_iter().map(|(record, fault)| (&*record.entry.svix_id, fault)).collect();
    for (index, record) in indexes.into_iter().zip(&records) {
        findings[index].ledger = faults.get(&*record.entry.svix_id).cloned();
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

/// Those items that are refused even alone, and why; found by halving.
fn refused<'a, T, F>(items: &'a [T], fault: &mut F) -> Result<Vec<(&'a T, Fault)>, StoreError>
where
    F: FnMut(&[T]) -> Result<Option<Fault>, StoreError>,
{
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let Some(found) = fault(items)? else { return Ok(Vec::new()) };
    if let [item] = items {
        return Ok(vec![(item, found)]);
    }
    let (left, right) = items.split_at(items.len() / 2);
    let mut found = refused(left, fault)?;
    found.extend(refused(right, fault)?);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the first `count` numbers are refused, and in how many attempts that is found out.
    fn find(count: usize, is_refused: impl Fn(usize) -> bool) -> (Vec<usize>, usize) {
        let items = Vec::from_iter(0..count);
        let mut attempts = 0;
        let found = refused(&items, &mut |items| {
            attempts += 1;
            let refused = items.iter().find(|item| is_refused(**item));
            Ok(refused.map(|item| Fault { sqlstate: None, message: item.to_string() }))
        });
        let found = found.unwrap().into_iter().map(|(item, fault)| {
            assert_eq!(fault.message, item.to_string());
            *item
        });
        (found.collect(), attempts)
    }

    #[test]
    fn what_is_accepted_is_tried_once() {
        assert_eq!(find(512, |_| false), (vec![], 1));
    }

    #[test]
    fn one_that_is_refused_is_found_by_halving() {
        assert_eq!(find(512, |item| item == 200), (vec![200], 1 + 2 * 9));
    }

    #[test]
    fn all_that_are_refused_are_found() {
        let (found, attempts) = find(100, |item| item % 3 == 0);
        assert!(found.into_iter().eq((0..100).step_by(3)));
        assert!(attempts < 200);
    }
}
