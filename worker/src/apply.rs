//! Applying a batch, whatever is in it: an event that the database refuses does not hold up the rest.

use std::borrow::Cow;

use crate::event::{Entry, Verdict, ascii};
use crate::store::{Findings, Outcome, Store, StoreError};

/// A way to apply a batch in one transaction.
type Apply<'a> = dyn Fn(&[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> + 'a;

/// Applies a batch; an event that cannot be applied ends as dead in the ledger.
///
/// An error is always retryable. Part of the batch may have been committed by then, and shows as duplicates
/// when all of it is applied again.
pub fn apply_batch(store: &dyn Store, entries: &[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> {
    apply_batch_by(&|entries| store.apply(entries), store, entries)
}

/// The same in another way, such as replaying.
pub(crate) fn apply_batch_by(
    apply: &Apply<'_>,
    store: &dyn Store,
    entries: &[Entry<'_>],
) -> Result<Vec<Outcome>, StoreError> {
    match apply(entries) {
        Err(error) if !error.retryable() => {
            tracing::warn!(entries = entries.len(), %error, "the database refuses a batch, looking for the reason");
            apply_refused(apply, store, entries)
        }
        result => result,
    }
}

/// Applies a batch that was refused as a whole: those it was refused for are now dead, if there are any. What does
/// not last, such as a deadlock, is over by the time it is looked for.
fn apply_refused(
    apply: &Apply<'_>,
    store: &dyn Store,
    entries: &[Entry<'_>],
) -> Result<Vec<Outcome>, StoreError> {
    let findings = store.examine(entries)?;
    let payloads: Vec<Option<Cow<'_, str>>> =
        entries.iter().zip(&findings).map(|(entry, findings)| payload(entry, findings)).collect();
    let settled: Vec<Entry<'_>> = entries
        .iter()
        .zip(&findings)
        .zip(&payloads)
        .map(|((entry, findings), payload)| settle(entry, findings, payload.as_deref()))
        .collect();
    match apply(&settled) {
        Err(error) if error.retryable() => Err(error),
        // There may be more, at most once for each table and then in the ledger: each time fewer are left to be mirrored.
        Err(_) if findings.iter().any(|findings| findings.mirror.is_some()) => {
            apply_refused(apply, store, &settled)
        }
        Err(error) => apply_apart(apply, store, entries, error),
        outcomes => outcomes,
    }
}

/// Applies a batch that is refused although the database has nothing against any one of its events: some cannot be
/// together in one transaction.
fn apply_apart(
    apply: &Apply<'_>,
    store: &dyn Store,
    entries: &[Entry<'_>],
    error: StoreError,
) -> Result<Vec<Outcome>, StoreError> {
    if entries.len() < 2 {
        return Err(error.into_retryable());
    }
    let (left, right) = entries.split_at(entries.len() / 2);
    let mut outcomes = apply_batch_by(apply, store, left)?;
    outcomes.extend(apply_batch_by(apply, store, right)?);
    Ok(outcomes)
}

/// What the ledger keeps of the body. ASCII goes into any database.
fn payload<'a>(entry: &Entry<'a>, findings: &Findings) -> Option<Cow<'a, str>> {
    let payload = entry.payload?;
    Some(if findings.ledger.is_some() { ascii(payload) } else { Cow::Borrowed(payload) })
}

/// The entry, or its remains if the database has something against it.
fn settle<'a>(entry: &Entry<'a>, findings: &Findings, payload: Option<&'a str>) -> Entry<'a> {
    let Some(fault) = findings.fault() else { return entry.clone() };
    let reason = match &entry.verdict {
        Verdict::Dead(reason) => reason.clone(),
        Verdict::Mirror(_) | Verdict::Ignored => Cow::Owned(fault.to_string()),
    };
    if findings.ledger.is_none() {
        return Entry { verdict: Verdict::Dead(reason), ..entry.clone() };
    }
    // A NUL, or a character that the database's encoding lacks.
    let plain = |text: &Cow<'a, str>| Cow::Owned(ascii(text).into_owned());
    Entry {
        svix_id: plain(&entry.svix_id),
        event_type: entry.event_type.as_ref().map(plain),
        object_id: entry.object_id.as_ref().map(plain),
        user_id: entry.user_id.as_ref().map(plain),
        instance_id: entry.instance_id.as_ref().map(plain),
        payload,
        verdict: Verdict::Dead(Cow::Owned(ascii(&reason).into_owned())),
        ..*entry
    }
}
