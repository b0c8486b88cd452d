//! The ledger and the mirror, held against a fold of the accepted events.

use std::collections::{BTreeMap, BTreeSet};

use super::{Account, story};
use crate::{
    fault::History,
    oracle::{
        event::{Event, Fate},
        expected::{Discrepancy, Expected},
        reader::Reader,
    },
    truth::{Sent, Truth},
};

/// Objects that are compared at once: what is read has to fit into memory.
const AT_ONCE: usize = 500;

/// Compares all that was sent, and looks for what nobody sent.
pub fn settle(account: &mut Account, truth: &Truth, history: &History, reader: &mut Reader) {
    // All that is said of an object is compared at once.
    let mut objects = BTreeMap::<(&str, &str), Vec<&Sent>>::new();
    for sent in &truth.sent {
        let Event { kind, object_id, .. } = &sent.event;
        objects.entry((object_id, kind.table)).or_default().push(sent);
    }
    let objects: Vec<_> = objects.into_values().collect();
    let mut keys = BTreeSet::new();
    for chunk in objects.chunks(AT_ONCE) {
        let sent: Vec<&Sent> = chunk.iter().flatten().copied().collect();
        keys.extend(compare(account, &sent, history, reader));
    }
    for key in reader.keys() {
        if !keys.contains(&key) {
            account.wrong.push(format!("a row that nobody sent: {} {:?}", key.0, key.1));
        }
    }
}

/// Compares some of what was sent; returns the tables and keys of the rows there must be.
fn compare(
    account: &mut Account,
    sent: &[&Sent],
    history: &History,
    reader: &mut Reader,
) -> Vec<(String, String)> {
    let mut keys: Vec<String> = sent.iter().map(|sent| sent.event.svix_id.clone()).collect();
    keys.extend(sent.iter().map(|sent| sent.event.object_id.clone()));
    let found = reader.rows(Some(&keys));
    let recorded: BTreeSet<_> = found.ledger().into_iter().map(|row| row.svix_id).collect();
    // What was never answered may have been accepted all the same: then it counts.
    let counts = |sent: &&&Sent| sent.is_accepted() || recorded.contains(&sent.event.svix_id);
    let events: Vec<&Event> = sent.iter().filter(counts).map(|sent| &sent.event).collect();
    let dead = |event: &&&Event| event.fate() == Fate::Dead && recorded.contains(&event.svix_id);
    account.dead += events.iter().filter(dead).count();
    account.ledger_rows += found.ledger().len();
    account.mirror_rows += found.mirror().len();

    let expected = Expected::of(events);
    for discrepancy in expected.compare(&found) {
        let about = |id: &str| sent.iter().find(|sent| sent.event.svix_id == id);
        let story = match &discrepancy {
            Discrepancy::Lost(id) | Discrepancy::Doubled(id) => about(id),
            Discrepancy::Misrecorded { svix_id, .. } => about(svix_id),
            Discrepancy::Unsent(_) | Discrepancy::Mirror { .. } => None,
        };
        let story = story.map(|sent| format!(":\n      {}", self::story(sent, history))).unwrap_or_default();
        account.note(&discrepancy, format!("{discrepancy}{story}"));
    }
    expected.keys()
}
