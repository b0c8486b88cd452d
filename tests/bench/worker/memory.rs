//! The limits: the same events from memory, without a queue, already decoded.

use std::{
    num::NonZeroU32,
    panic, process,
    slice::Chunks,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use worker::{
    apply::apply_batch,
    event::{Entry, Policy, Redacted},
    store::{self, Store, StoreError, StoreOptions},
};

use crate::{
    database::Database,
    sample::{Cpu, Sample},
    variant::Setting,
    worker_process::BATCH,
};

/// Measures all events in the worker's batches; also returns how many there were.
pub fn batches(
    setting: &Setting<'_>,
    database: &Database<'_>,
    connections: usize,
) -> anyhow::Result<(Sample, usize)> {
    measure(setting, database, connections, BATCH, Duration::MAX)
}

/// Measures as many events as fit the time, each in a transaction; also returns how many there were.
pub fn one_by_one(
    setting: &Setting<'_>,
    database: &Database<'_>,
    connections: usize,
) -> anyhow::Result<(Sample, usize)> {
    measure(setting, database, connections, 1, setting.duration)
}

fn measure(
    setting: &Setting<'_>,
    database: &Database<'_>,
    connections: usize,
    batch: usize,
    time: Duration,
) -> anyhow::Result<(Sample, usize)> {
    let deliveries = setting.events.deliveries()?;
    let redacted: Vec<Redacted<'_>> = deliveries.iter().map(Redacted::new).collect();
    let policy = Policy::default();
    let entries: Vec<Entry<'_>> = redacted.iter().map(|redacted| redacted.entry(&policy)).collect();
    let batches = Mutex::new(entries.chunks(batch));

    let connections = NonZeroU32::try_from(u32::try_from(connections)?)?;
    let store = store::open(&database.url, &StoreOptions { connections, ..StoreOptions::default() })?;
    let before = Cpu::read(setting, process::id())?;
    let start = Instant::now();
    let applied: usize = thread::scope(|scope| {
        let lane = || apply_in_turn(&*store, &batches, start, time);
        let lanes: Vec<_> = (0..connections.get()).map(|_| scope.spawn(lane)).collect();
        let joined =
            lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        joined.sum::<Result<usize, StoreError>>()
    })?;
    let elapsed = start.elapsed();
    let after = Cpu::read(setting, process::id())?;
    Ok((before.sample_until(after, applied, elapsed, batch as f64), applied))
}

/// Applies one batch after the other, sharing them with the other lanes; returns how many events they held.
fn apply_in_turn(
    store: &dyn Store,
    batches: &Mutex<Chunks<'_, Entry<'_>>>,
    start: Instant,
    time: Duration,
) -> Result<usize, StoreError> {
    let mut applied = 0;
    while start.elapsed() < time {
        let next = batches.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(batch) = next else { break };
        applied += apply_batch(store, batch)?.len();
    }
    Ok(applied)
}
