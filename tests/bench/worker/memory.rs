//! The limit: the worker's transactions from memory, without a queue, already decoded.

use std::{num::NonZeroU32, panic, process, sync::Arc, thread, time::Instant};

use worker::{
    apply::apply_batch,
    event::{Entry, Policy, Redacted},
    lanes::split,
    store::{self, Store, StoreError, StoreOptions},
};

use crate::{
    case::{BATCH, Case},
    database::Database,
    events::Events,
    sample::{Cost, Sample},
    variant::Setting,
};

/// Measures all events. Each lane applies its share of every round, and waits for no other.
pub fn measure(setting: &Setting<'_>, database: &Database<'_>, case: Case) -> anyhow::Result<Sample> {
    let deliveries = setting.events.deliveries()?;
    let redacted: Vec<Redacted<'_>> = deliveries.iter().map(Redacted::new).collect();
    let policy = Policy::default();
    let entries: Vec<Entry<'_>> = redacted.iter().map(|redacted| redacted.entry(&policy)).collect();
    let lanes = shares(entries, case);

    let store = open(&database.url, case.lanes)?;
    let before = Cost::read(setting, &[process::id()])?;
    let start = Instant::now();
    thread::scope(|scope| {
        let running: Vec<_> = lanes.iter().map(|lane| scope.spawn(|| apply_in_turn(&*store, lane))).collect();
        running
            .into_iter()
            .try_for_each(|lane| lane.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
    })?;
    let elapsed = start.elapsed();
    let after = Cost::read(setting, &[process::id()])?;
    let batches: usize = lanes.iter().map(Vec::len).sum();
    let events = setting.events.len();
    Ok(before.sample_until(after, events, elapsed, events as f64 / batches as f64))
}

/// Applies all events once.
pub fn apply_all(events: &Events, database_url: &str) -> anyhow::Result<()> {
    let deliveries = events.deliveries()?;
    let store = open(database_url, 1)?;
    for batch in deliveries.chunks(BATCH) {
        let redacted: Vec<Redacted<'_>> = batch.iter().map(Redacted::new).collect();
        let policy = Policy::default();
        let entries: Vec<Entry<'_>> = redacted.iter().map(|redacted| redacted.entry(&policy)).collect();
        apply_batch(&*store, &entries)?;
    }
    Ok(())
}

fn open(url: &str, connections: usize) -> anyhow::Result<Arc<dyn Store>> {
    let connections = NonZeroU32::try_from(u32::try_from(connections)?)?;
    Ok(store::open(url, &StoreOptions { connections, ..StoreOptions::default() })?)
}

/// The transactions of each lane.
fn shares(entries: Vec<Entry<'_>>, case: Case) -> Vec<Vec<Vec<Entry<'_>>>> {
    let mut lanes: Vec<_> = (0..case.lanes).map(|_| Vec::new()).collect();
    let mut entries = entries.into_iter().peekable();
    for turn in 0.. {
        if entries.peek().is_none() {
            break;
        }
        let mut shares =
            split(entries.by_ref().take(case.batch * case.lanes).collect(), case.lanes, case.batch);
        // A round that is not worth splitting is for one lane, in turn.
        let first = if shares.len() == 1 { turn } else { 0 };
        for (lane, share) in shares.drain(..).enumerate() {
            let mut share = share.into_iter().peekable();
            while share.peek().is_some() {
                lanes[(first + lane) % case.lanes].push(share.by_ref().take(case.batch).collect());
            }
        }
    }
    lanes
}

fn apply_in_turn(store: &dyn Store, batches: &[Vec<Entry<'_>>]) -> Result<(), StoreError> {
    batches.iter().try_for_each(|batch| apply_batch(store, batch).map(drop))
}
