//! Workers that apply batches side by side, through the way every delivery takes into the database.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use shared::delivery::Delivery;
use worker::apply::apply_batch;
use worker::event::{Policy, Redacted};
use worker::store::{Outcome, Store};

use crate::database::Database;
use crate::oracle::event::INSTANCE;

/// What the workers did.
pub struct Work {
    /// Which worker took which batch.
    pub worker_of: Vec<Option<usize>>,
    /// How many deliveries were the first of their event.
    pub fresh: usize,
}

/// Applies the batches, begun in their order, each by whichever worker is free.
pub fn apply(database: &Database, batches: &[Vec<Delivery>], workers: usize) -> Result<Work, String> {
    let policy = Policy { instance_id: Some(INSTANCE.to_owned()), verifier: None };
    let next = AtomicUsize::new(0);
    let work = |store: &dyn Store| {
        let mut taken = Vec::new();
        let mut fresh = 0;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = batches.get(index) else { return Ok((taken, fresh)) };
            taken.push(index);
            fresh += apply_one(store, batch, &policy)?;
        }
    };
    let stores = &database.stores()[..workers];
    let results: Vec<Result<(Vec<usize>, usize), String>> = thread::scope(|scope| {
        let threads: Vec<_> = stores.iter().map(|store| scope.spawn(|| work(&**store))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a worker does not panic")).collect()
    });

    let mut done = Work { worker_of: vec![None; batches.len()], fresh: 0 };
    for (worker, result) in results.into_iter().enumerate() {
        let (taken, fresh) = result?;
        done.fresh += fresh;
        for batch in taken {
            done.worker_of[batch] = Some(worker);
        }
    }
    Ok(done)
}

fn apply_one(store: &dyn Store, batch: &[Delivery], policy: &Policy) -> Result<usize, String> {
    let redacted: Vec<_> = batch.iter().map(Redacted::new).collect();
    let entries: Vec<_> = redacted.iter().map(|delivery| delivery.entry(policy)).collect();
    let outcomes = apply_batch(store, &entries).map_err(|error| format!("a batch failed: {error}"))?;
    Ok(outcomes.iter().filter(|&&outcome| outcome != Outcome::Duplicate).count())
}
