//! Watching a worker that takes a backlog.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use harness::{RabbitMq, proc_stat};
use shared::signature::Verifier;

use crate::{
    backlog::{fill, verify},
    common::{SECRET, Traffic, now},
    database::Server,
    load::Load,
    worker_process::WorkerProcess,
};

/// The worker's default.
const BATCH: usize = 500;
const EVERY: Duration = Duration::from_millis(50);

/// What was seen.
pub struct Drain {
    pub load: Load,
    /// Events a second.
    pub rate: f64,
    /// Resident memory in MiB, again and again from the first events to the last.
    rss: Vec<f64>,
}

impl Drain {
    /// In MiB.
    pub fn most(&self) -> f64 {
        self.rss.iter().copied().fold(0.0, f64::max)
    }

    /// The median over a tenth of the time, from this share of it on, in MiB.
    pub fn around(&self, from: f64) -> f64 {
        let begin = (self.rss.len() as f64 * from) as usize;
        let mut window: Vec<f64> =
            self.rss.iter().skip(begin).take(self.rss.len().div_ceil(10)).copied().collect();
        window.sort_by(f64::total_cmp);
        window[window.len() / 2]
    }
}

/// Lets a worker take all of it.
pub fn watch(broker: &RabbitMq, server: &Server, load: Load, lanes: usize) -> anyhow::Result<Drain> {
    let (verifier, signer) = (Verifier::new(vec![SECRET.parse()?]), Traffic::of(Vec::new())?);
    let database = server.fresh_database()?;
    let inbox = fill(broker, load.events().map(|event| Ok(verify(&verifier, &signer, &event?, now())?)))?;

    let mut workers = [WorkerProcess::start(&inbox, &database.url, lanes, BATCH)];
    let pid = workers[0].pid();
    WorkerProcess::wait_for(&mut workers, 1)?;
    let (start, over) = (Instant::now(), AtomicBool::new(false));
    let (rss, elapsed) = thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut rss = Vec::new();
            while !over.load(Ordering::Relaxed) || rss.is_empty() {
                rss.push(proc_stat(pid).rss_bytes as f64 / f64::from(1 << 20));
                thread::sleep(EVERY);
            }
            rss
        });
        let done = WorkerProcess::wait_for(&mut workers, load.events);
        let elapsed = start.elapsed();
        over.store(true, Ordering::Relaxed);
        let rss = watching.join().map_err(|_| anyhow!("the watch panicked"))?;
        done.map(|_| (rss, elapsed))
    })?;
    workers.into_iter().try_for_each(WorkerProcess::stop)?;
    inbox.close(0)?;
    database.close(load.events, None)?;
    Ok(Drain { load, rate: load.events as f64 / elapsed.as_secs_f64(), rss })
}
