//! Splitting a round among the lanes.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::event::{Entry, Verdict};

/// Fewer events a lane are not worth a transaction each: most of what it costs is the same for one event and for many.
const WORTH_SPLITTING: usize = 100;

/// A round in shares, at most one for each lane: all that happens to one object is in the same. One share if the round is
/// not worth splitting, and fits into one transaction of `batch` events.
pub fn split(entries: Vec<Entry<'_>>, lanes: usize, batch: usize) -> Vec<Vec<Entry<'_>>> {
    if entries.len() <= batch && entries.len() < lanes * WORTH_SPLITTING {
        return vec![entries];
    }
    let mut shares: Vec<_> = (0..lanes).map(|_| Vec::new()).collect();
    for entry in entries {
        shares[lane_of(&entry, lanes)].push(entry);
    }
    shares
}

fn lane_of(entry: &Entry<'_>, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    match &entry.verdict {
        Verdict::Mirror(change) => change.id.hash(&mut hasher),
        Verdict::Ignored | Verdict::Dead(_) => entry.svix_id.hash(&mut hasher),
    }
    (hasher.finish() % lanes as u64) as usize
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::event::{Change, Millis, Table};

    fn entry(number: usize, verdict: Verdict<'static>) -> Entry<'static> {
        Entry {
            svix_id: format!("msg_{number}").into(),
            event_type: None,
            object_id: None,
            user_id: None,
            instance_id: None,
            occurred_at: Millis::EPOCH,
            received_at: Millis::EPOCH,
            payload: None,
            verdict,
        }
    }

    fn about(object: usize) -> Verdict<'static> {
        let id = Cow::Owned(format!("user_{object}"));
        Verdict::Mirror(Change {
            table: Table::Users,
            id,
            snapshot: None,
            deleted_at: None,
            inviter_id: None,
        })
    }

    fn lane_with(shares: &[Vec<Entry<'_>>], id: &str) -> usize {
        shares.iter().position(|share| share.iter().any(|entry| entry.svix_id == id)).unwrap()
    }

    #[test]
    fn what_happens_to_one_object_is_in_one_share_of_every_round() {
        let round = || (0..1000).map(|number| entry(number, about(number % 100))).collect();
        let shares = split(round(), 4, 500);
        assert_eq!(shares.iter().map(Vec::len).sum::<usize>(), 1000);
        for number in 0..1000 {
            let lane = lane_with(&shares, &format!("msg_{number}"));
            assert_eq!(lane, lane_with(&shares, &format!("msg_{}", number % 100)));
            assert_eq!(lane, lane_with(&split(round(), 4, 500), &format!("msg_{number}")));
        }
    }

    #[test]
    fn all_lanes_have_about_the_same_to_do() {
        for verdict in [about as fn(usize) -> _, |_| Verdict::Ignored] {
            let shares = split((0..4000).map(|number| entry(number, verdict(number))).collect(), 4, 1000);
            assert!(shares.iter().all(|share| (800..1200).contains(&share.len())));
        }
    }

    #[test]
    fn a_few_events_stay_together_unless_a_transaction_may_not_hold_them() {
        let few = || (0..50).map(|number| entry(number, Verdict::Ignored)).collect();
        assert_eq!(split(few(), 2, 500).len(), 1);
        assert_eq!(split(few(), 2, 10).len(), 2);
        assert_eq!(split(few(), 1, 10).len(), 1);
    }
}
