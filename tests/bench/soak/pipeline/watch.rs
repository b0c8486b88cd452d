//! Steady traffic, single events that are timed, and a look at both programs every second.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use harness::{ProcStat, proc_stat};

use super::load::{Load, world};
use crate::{
    common::traffic::Signer,
    probe::probe,
    processors::Processors,
    way::{Way, paced, send},
};

/// The world of what is timed.
const SEED: u64 = 3;
/// From one sample to the next.
const EVERY: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(50);
/// A row that takes longer is missed. What takes less is late, and the figures say so.
const PATIENCE: Duration = Duration::from_secs(600);

/// What was seen.
pub struct Watch {
    pub time: Duration,
    /// Events a second that were to be sent.
    pub rate: f64,
    pub samples: Vec<Sample>,
    /// How long single events took from the POST to the row, and since when the watch lasted then.
    pub latencies: Vec<(Duration, Duration)>,
    /// All that was sent, and is in the ledger.
    pub events: usize,
}

/// One look.
pub struct Sample {
    /// Since the watch began.
    pub at: Duration,
    pub ingest: ProcStat,
    pub worker: ProcStat,
    /// Events applied so far.
    pub applied: usize,
    pub processors: Processors,
}

impl Watch {
    /// Sends events at this rate for so long; each must end as one row, as those that went before.
    pub fn over(mut way: Way<'_>, load: &mut Load, rate: f64, time: Duration) -> anyhow::Result<Self> {
        let before = way.worker.done().events;
        let start = Instant::now();
        let signer = Signer::new()?;
        let sent = AtomicU64::new(0);
        let requests = load.requests(time).inspect(|_| {
            sent.fetch_add(1, Ordering::Relaxed);
        });
        let latencies = Mutex::new(Vec::new());
        let seen = |took| {
            latencies.lock().unwrap_or_else(PoisonError::into_inner).push((start.elapsed(), took));
            start.elapsed() < time
        };
        let (edge, database) = (way.ingest.address, way.database.url.clone());
        let mut samples: Vec<Sample> = Vec::new();
        let [sending, timing] = thread::scope(|scope| {
            let sending = scope.spawn(move || send(edge, paced(requests, rate)));
            let timing = scope.spawn(|| probe(world(SEED), &signer, edge, &database, PATIENCE, seen));
            while !(sending.is_finished() && timing.is_finished()) {
                if samples.last().is_none_or(|last| start.elapsed() >= last.at + EVERY) {
                    let sample = Sample::now(&way, start)?;
                    if samples.last().is_some_and(|last| last.minute() < sample.minute()) {
                        let latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
                        report(
                            &sample,
                            before + sent.load(Ordering::Relaxed) as usize + latencies.len(),
                            latencies.last(),
                        );
                    }
                    samples.push(sample);
                }
                thread::sleep(STEP);
            }
            let panicked = || Err(anyhow!("the load panicked"));
            anyhow::Ok([sending, timing].map(|thread| thread.join().unwrap_or_else(|_| panicked())))
        })?;
        sending?;
        let latencies = latencies.into_inner().unwrap_or_else(PoisonError::into_inner);
        // One that was waited for in vain was accepted, too: whether it is late or lost, the account tells.
        let events = before + sent.into_inner() as usize + latencies.len() + usize::from(timing.is_err());
        let settled = way.wait_for(events).and_then(|()| way.close(events));
        match (timing, settled) {
            (Ok(()), settled) => settled?,
            (Err(missed), Ok(())) => return Err(missed.context("all came in the end, but one too late")),
            (Err(missed), Err(account)) => return Err(account.context(missed)),
        }
        Ok(Self { time, rate, samples, latencies, events })
    }
}

/// Says how it goes.
fn report(sample: &Sample, sent: usize, last: Option<&(Duration, Duration)>) {
    let (minute, applied) = (sample.minute(), sample.applied);
    let took = last.map_or_else(String::new, |(_, took)| format!(", the last one timed took {took:.0?}"));
    eprintln!("minute {minute}: {sent} events sent, {applied} applied{took}");
}

impl Sample {
    fn now(way: &Way<'_>, start: Instant) -> anyhow::Result<Self> {
        Ok(Self {
            at: start.elapsed(),
            ingest: proc_stat(way.ingest.pid()),
            worker: proc_stat(way.worker.pid()),
            applied: way.worker.done().events,
            processors: Processors::read()?,
        })
    }

    fn minute(&self) -> u64 {
        self.at.as_secs() / 60
    }
}
