//! A generated case: a world of events, and arrangements in which its events arrive.

use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::oracle::catalogue::Kind;
use crate::oracle::event::{Event, Spec};
use crate::oracle::world::{events, kinds, spec};

/// A world of events on a few objects, and two arrangements of their deliveries.
#[derive(Clone, Debug)]
pub struct Case {
    workers: [usize; 2],
    kinds: Vec<&'static Kind>,
    events: Vec<(Spec, [Vec<Arrival>; 2])>,
}

/// One delivery of an event: those with smaller keys come first.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    key: u8,
    begins_batch: bool,
}

/// Batches of deliveries, each the number of an event, in the order in which they arrive, and how many workers
/// take them.
pub struct Arrangement {
    pub batches: Vec<Vec<usize>>,
    pub workers: usize,
}

/// The most workers of an arrangement.
pub const WORKERS: usize = 4;

impl Case {
    /// The world's events under ids that no other run has.
    pub fn events(&self, run: u32) -> Vec<Event> {
        events(&self.kinds, self.events.iter().map(|(spec, _)| spec), run)
    }

    /// The two arrangements.
    pub fn arrangements(&self) -> [Arrangement; 2] {
        [0, 1].map(|which| {
            let arrivals = self.events.iter().map(|(_, arrivals)| &arrivals[which]);
            Arrangement { batches: batches(arrivals), workers: self.workers[which] }
        })
    }
}

fn batches<'a>(events: impl Iterator<Item = &'a Vec<Arrival>>) -> Vec<Vec<usize>> {
    let mut deliveries: Vec<(Arrival, usize)> = events
        .enumerate()
        .flat_map(|(event, arrivals)| arrivals.iter().map(move |&arrival| (arrival, event)))
        .collect();
    deliveries.sort_by_key(|(arrival, _)| arrival.key);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for (arrival, event) in deliveries {
        match batches.last_mut() {
            Some(batch) if !arrival.begins_batch => batch.push(event),
            _ => batches.push(vec![event]),
        }
    }
    batches
}

/// Cases, most of them small: few events that collide find more than many that do not.
pub fn case() -> impl Strategy<Value = Case> {
    let events = |count: RangeInclusive<usize>| vec((spec(), [arrivals(), arrivals()]), count);
    let events = prop_oneof![3 => events(1..=8), 2 => events(1..=20), 2 => events(1..=40)];
    // The workers first, because what comes first shrinks first, and with one worker a case is the same every time.
    ([1..=WORKERS, 1..=WORKERS], kinds(1..=8), events).prop_map(|(workers, kinds, events)| Case {
        workers,
        kinds,
        events,
    })
}

/// Each event comes, most of them once.
fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let arrival = || {
        (any::<u8>(), prop::bool::weighted(0.35))
            .prop_map(|(key, begins_batch)| Arrival { key, begins_batch })
    };
    prop_oneof![4 => vec(arrival(), 1), 1 => vec(arrival(), 1..=3)]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::oracle::catalogue::UNKNOWN;

    #[test]
    fn every_type_and_every_shape_is_generated() {
        let mut runner = TestRunner::deterministic();
        let case = case();
        let mut types = BTreeSet::new();
        let mut shapes = BTreeSet::new();
        for _ in 0..1_000 {
            let world = case.new_tree(&mut runner).expect("nothing is filtered out").current();
            for event in world.events(0) {
                types.extend(event.readable_type());
                shapes.insert(format!("{:?}", event.spec.shape));
            }
        }
        let known = worker::event::Kind::known_types().chain(UNKNOWN);
        assert_eq!(types, known.collect());
        assert_eq!(shapes.len(), 15, "{shapes:?}");
    }
}
