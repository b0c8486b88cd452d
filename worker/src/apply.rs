//! Finding the one event that the database refuses, so that the rest of its batch can commit.

use std::borrow::Cow;
use std::fmt::Write;
use std::slice;

use crate::event::{Entry, Verdict};
use crate::store::{Outcome, Store, StoreError};

/// A way to apply a batch in one transaction.
type Apply<'a> = dyn Fn(&[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> + 'a;

/// Applies a batch, whatever is in it: an event that cannot be applied ends as dead in the ledger.
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
        Err(error) if !error.retryable() => {}
        result => return result,
    }
    // Deadlocks and cancelled statements look like faults in the data, but do not last.
    match apply(entries) {
        Err(error) if !error.retryable() => {
            tracing::warn!(entries = entries.len(), %error, "the database refuses a batch, looking for the reason");
            isolate(apply, store, entries, error)
        }
        result => result,
    }
}

/// Applies a batch that was refused as a whole.
fn isolate(
    apply: &Apply<'_>,
    store: &dyn Store,
    entries: &[Entry<'_>],
    error: StoreError,
) -> Result<Vec<Outcome>, StoreError> {
    match entries {
        [] => return Ok(Vec::new()),
        [entry] => return Ok(vec![bury(apply, store, entry, error)?]),
        _ => {}
    }
    let mut outcomes = Vec::with_capacity(entries.len());
    let (left, right) = entries.split_at(entries.len() / 2);
    for half in [left, right] {
        outcomes.extend(match apply(half) {
            Err(error) if !error.retryable() => isolate(apply, store, half, error)?,
            result => result?,
        });
    }
    Ok(outcomes)
}

/// Records an event as dead, once it is certain that the event is what is wrong.
fn bury(
    apply: &Apply<'_>,
    store: &dyn Store,
    entry: &Entry<'_>,
    error: StoreError,
) -> Result<Outcome, StoreError> {
    if let Verdict::Mirror(change) = &entry.verdict {
        store.probe(change.table).map_err(StoreError::into_retryable)?;
    }
    let reason = match &entry.verdict {
        Verdict::Dead(reason) => reason.to_string(),
        Verdict::Mirror(_) | Verdict::Ignored => error.to_string().replace('\0', "\u{fffd}"),
    };
    let dead = Entry {
        svix_id: Cow::Borrowed(&entry.svix_id),
        event_type: entry.event_type.as_deref().map(Cow::Borrowed),
        object_id: entry.object_id.as_deref().map(Cow::Borrowed),
        user_id: entry.user_id.as_deref().map(Cow::Borrowed),
        instance_id: entry.instance_id.as_deref().map(Cow::Borrowed),
        verdict: Verdict::Dead(Cow::Owned(reason.clone())),
        ..*entry
    };
    match apply(slice::from_ref(&dead)) {
        Err(error) if !error.retryable() => record_in_ascii(apply, entry, &reason),
        result => Ok(result?[0]),
    }
}

/// Records a dead event whose texts the database cannot hold: a NUL, or a character that its encoding lacks.
/// ASCII goes into any database and takes no less space, so if this is refused too, the event is not the reason.
fn record_in_ascii(apply: &Apply<'_>, entry: &Entry<'_>, reason: &str) -> Result<Outcome, StoreError> {
    let payload = entry.payload.map(ascii);
    let plain = Entry {
        svix_id: ascii(&entry.svix_id),
        event_type: entry.event_type.as_deref().map(ascii),
        object_id: entry.object_id.as_deref().map(ascii),
        user_id: entry.user_id.as_deref().map(ascii),
        instance_id: entry.instance_id.as_deref().map(ascii),
        payload: payload.as_deref(),
        verdict: Verdict::Dead(Cow::Owned(ascii(reason).into_owned())),
        ..*entry
    };
    let outcomes = apply(&[plain]).map_err(StoreError::into_retryable)?;
    Ok(outcomes[0])
}

/// Escapes as JSON does, so that JSON keeps its meaning.
fn ascii(text: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii() && c != '\0';
    if text.chars().all(fits) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if fits(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::ascii;

    #[test]
    fn escaped_json_keeps_its_meaning() {
        let json = r#"{"name":"Zoë 🎺","note":"plain"}"#;
        let escaped = ascii(json);
        assert_eq!(escaped, r#"{"name":"Zo\u00eb \ud83c\udfba","note":"plain"}"#);
        let (before, after): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(json).unwrap(), serde_json::from_str(&escaped).unwrap());
        assert_eq!(before, after);
    }

    #[test]
    fn a_nul_is_escaped() {
        assert_eq!(ascii("a\0b"), r"a\u0000b");
    }
}
