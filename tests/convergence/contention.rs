//! Many workers on few objects: no deadlock, no lost update, and every event accounted for.

use std::env;
use std::time::Instant;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use shared::delivery::Delivery;

use crate::case::{self, kinds, spec};
use crate::database::{Backend, Database};
use crate::event::Event;
use crate::oracle::Expected;
use crate::time::{START, Written};
use crate::workers;

const OBJECTS: usize = 50;
const LARGEST_BATCH: usize = 200;
/// How far events are from the order in which they happened: near enough for rows to go on moving to the end.
const DISORDER: usize = 1_000;

pub fn many_workers_on_few_objects_lose_nothing(backend: Backend) {
    let (workers, count) = match backend {
        Backend::Postgres => (8, 20_000),
        Backend::Sqlite => (4, 10_000),
    };
    let count = match env::var("CONTENTION_EVENTS") {
        Ok(count) => count.parse().expect("CONTENTION_EVENTS is a number"),
        Err(_) => count,
    };
    let events = events(count);
    let batches = batches(&events, &mut rand::rng());
    let database = Database::new(backend, workers);

    let began = Instant::now();
    let work = workers::apply(&database, &batches, workers).unwrap();
    println!("{backend:?}: {count} events in {} batches took {:.1?}", batches.len(), began.elapsed());
    assert_eq!(work.fresh, count, "each event is new once");
    let found = database.rows();
    if matches!(backend, Backend::Postgres) {
        assert_eq!(database.into_deadlocks(), 0);
    }
    Expected::of(&events).check(&found).unwrap_or_else(|reason| panic!("{reason}"));
}

/// Events that happen one after another.
fn events(count: usize) -> Vec<Event> {
    let mut runner = TestRunner::deterministic();
    let kinds = kinds(OBJECTS..=OBJECTS).new_tree(&mut runner).expect("nothing is filtered out").current();
    let one = spec();
    let specs: Vec<_> = (0..count)
        .map(|number| {
            let mut spec = one.new_tree(&mut runner).expect("nothing is filtered out").current();
            spec.updated_at = Written::Millis(START + number as i64 / 10);
            spec
        })
        .collect();
    case::events(&kinds, specs.iter(), 0)
}

/// Deliveries of all events, a few of them twice, more or less in order.
fn batches(events: &[Event], rng: &mut impl Rng) -> Vec<Vec<Delivery>> {
    let mut deliveries = Vec::with_capacity(events.len() * 2);
    for number in 0..events.len() {
        let times = if rng.random_ratio(1, 10) { 2 } else { 1 };
        deliveries.extend((0..times).map(|_| (number + rng.random_range(0..DISORDER), number)));
    }
    deliveries.shuffle(rng);
    deliveries.sort_by_key(|(place, _)| *place);
    let mut deliveries = deliveries.into_iter().map(|(_, number)| events[number].delivery(START)).peekable();
    let mut batches = Vec::new();
    while deliveries.peek().is_some() {
        batches.push(deliveries.by_ref().take(rng.random_range(1..=LARGEST_BATCH)).collect());
    }
    batches
}
