//! Many workers on few objects, and on the same events: no deadlock, no lost update, every event accounted for.

use std::env;
use std::iter::repeat_n;
use std::time::Instant;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use shared::delivery::Delivery;

use crate::database::{Backend, Database};
use crate::oracle::event::{Event, Shape, Spec};
use crate::oracle::expected::Expected;
use crate::oracle::time::{START, Written};
use crate::oracle::world::{self, kinds, spec};
use crate::workers::apply;

const OBJECTS: usize = 50;
const LARGEST_BATCH: usize = 200;
/// How many events every worker is given at once.
const SHARED_EVENTS: usize = 2_000;
/// How far events are from the order in which they happened: near enough for rows to go on moving to the end.
const DISORDER: usize = 1_000;

pub fn many_workers_on_few_objects_lose_nothing(backend: Backend) {
    let count = match backend {
        Backend::Postgres => 20_000,
        Backend::Sqlite => 10_000,
    };
    let count = match env::var("CONTENTION_EVENTS") {
        Ok(count) => count.parse().expect("CONTENTION_EVENTS is a number"),
        Err(_) => count,
    };
    let workers = workers(backend);
    let events = events(count, |_| {});
    let rng = &mut rand::rng();
    // A few come twice.
    let deliveries =
        (0..count).flat_map(|number| repeat_n(number, if rng.random_ratio(1, 10) { 2 } else { 1 }));
    let deliveries = deliveries.collect();
    lose_nothing(backend, workers, &events, deliveries);
}

/// Events that touch no object: nothing but the ledger itself keeps the workers apart.
pub fn many_workers_on_the_same_events_lose_nothing(backend: Backend) {
    let workers = workers(backend);
    let events = events(SHARED_EVENTS, |spec| spec.shape = Shape::Unknown);
    let deliveries = (0..SHARED_EVENTS).flat_map(|number| repeat_n(number, workers)).collect();
    lose_nothing(backend, workers, &events, deliveries);
}

/// SQLite has one writer at a time, whatever the number of workers.
fn workers(backend: Backend) -> usize {
    match backend {
        Backend::Postgres => 8,
        Backend::Sqlite => 4,
    }
}

fn lose_nothing(backend: Backend, workers: usize, events: &[Event], deliveries: Vec<usize>) {
    let batches = batches(events, deliveries, &mut rand::rng());
    let database = Database::new(backend, workers);
    let began = Instant::now();
    let work = apply(&database, &batches, workers).unwrap();
    println!(
        "{backend:?}: {} events in {} batches took {:.1?}",
        events.len(),
        batches.len(),
        began.elapsed()
    );
    assert_eq!(work.fresh, events.len(), "each event is new once");
    let found = database.rows();
    if matches!(backend, Backend::Postgres) {
        assert_eq!(database.into_deadlocks(), 0);
    }
    Expected::of(events).check(&found).unwrap_or_else(|reason| panic!("{reason}"));
}

/// Events that happen one after another.
fn events(count: usize, change: impl Fn(&mut Spec)) -> Vec<Event> {
    let mut runner = TestRunner::deterministic();
    let kinds = kinds(OBJECTS..=OBJECTS).new_tree(&mut runner).expect("nothing is filtered out").current();
    let one = spec();
    let specs: Vec<_> = (0..count)
        .map(|number| {
            let mut spec = one.new_tree(&mut runner).expect("nothing is filtered out").current();
            spec.updated_at = Written::Millis(START + number as i64 / 10);
            change(&mut spec);
            spec
        })
        .collect();
    world::events(&kinds, specs.iter(), 0)
}

/// The deliveries, each the number of an event, more or less in order and in batches of any size.
fn batches(events: &[Event], deliveries: Vec<usize>, rng: &mut impl Rng) -> Vec<Vec<Delivery>> {
    let mut placed: Vec<(usize, usize)> =
        deliveries.into_iter().map(|number| (number + rng.random_range(0..DISORDER), number)).collect();
    placed.shuffle(rng);
    placed.sort_by_key(|(place, _)| *place);
    let mut deliveries = placed.into_iter().map(|(_, number)| events[number].delivery(START)).peekable();
    let mut batches = Vec::new();
    while deliveries.peek().is_some() {
        batches.push(deliveries.by_ref().take(rng.random_range(1..=LARGEST_BATCH)).collect());
    }
    batches
}
