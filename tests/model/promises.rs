//! What clerk-mirror does keeps every promise, in whatever order things happen and whatever fails.

use crate::{
    delivery::{Bounds, Delivery},
    explorer::{Landmark, explore},
    landmarks, properties,
    protocol::Protocol,
    world::World,
};

/// Every event by itself.
pub const ONE_BY_ONE: Bounds =
    Bounds { message_events: 1, round_messages: 1, batch: 1, rounds: 1, faults: 1 };
/// Two events may share a message, two messages a round, two deliveries a transaction.
pub const IN_BATCHES: Bounds = Bounds { message_events: 2, round_messages: 2, batch: 2, ..ONE_BY_ONE };
/// A round of several deliveries takes as many transactions.
pub const IN_PARTS: Bounds = Bounds { batch: 1, ..IN_BATCHES };
/// A worker takes the next round before it has acknowledged the last.
pub const OVERLAPPING: Bounds = Bounds { rounds: 2, ..ONE_BY_ONE };

#[test]
fn events_one_by_one() {
    keeps_every_promise(Bounds { faults: 2, ..ONE_BY_ONE }, &World::ALL, landmarks::of_deletions());
}

#[test]
fn events_one_by_one_and_more_faults() {
    keeps_every_promise(Bounds { faults: 3, ..ONE_BY_ONE }, &[World::TWO_UPDATES], landmarks::anywhere());
}

#[test]
fn events_in_batches() {
    keeps_every_promise(IN_BATCHES, &World::ALL, landmarks::of_deletions());
    let landmarks = landmarks::anywhere().into_iter().chain(landmarks::of_batches());
    keeps_every_promise(Bounds { faults: 2, ..IN_BATCHES }, &[World::TWO_UPDATES], landmarks.collect());
}

#[test]
fn rounds_in_several_transactions() {
    keeps_every_promise(IN_PARTS, &World::ALL, landmarks::of_parts());
}

#[test]
fn rounds_that_overlap() {
    let worlds = [World::TWO_UPDATES, World::DELETION];
    keeps_every_promise(Bounds { rounds: 2, ..IN_BATCHES }, &worlds, landmarks::of_overlaps());
    keeps_every_promise(Bounds { faults: 2, ..OVERLAPPING }, &worlds[1..], landmarks::of_overlaps());
}

/// Visits every state of every world, and each landmark in one of them. `MODEL_FAULTS` lets more go wrong.
fn keeps_every_promise(mut bounds: Bounds, worlds: &[World], mut landmarks: Vec<Landmark<Delivery>>) {
    if let Ok(faults) = std::env::var("MODEL_FAULTS") {
        bounds.faults = bounds.faults.max(faults.parse().expect("MODEL_FAULTS is a small number"));
    }
    for &world in worlds {
        let model = Delivery { protocol: Protocol::OURS, world, bounds };
        let exploration = explore(&model, &properties::all(), &landmarks);
        println!("{}, {bounds:?}: {exploration}", world.name);
        if let Some((promise, run)) = exploration.counterexamples.first_key_value() {
            panic!("{promise}: broken by this run of {bounds:?}\n{run}");
        }
        assert!(exploration.ends, "some run never comes to an end");
        landmarks.retain(|landmark| exploration.unseen.contains(&landmark.name));
    }
    let unseen: Vec<_> = landmarks.iter().map(|landmark| landmark.name).collect();
    assert!(unseen.is_empty(), "never seen: {unseen:?}");
}
