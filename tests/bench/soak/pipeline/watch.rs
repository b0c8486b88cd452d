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
use clerk_mirror::send::world::{INSTANCE_ID, World};
use harness::{ProcStat, proc_stat};

use crate::{
    common::{now, traffic::Signer},
    ingest_process::request,
    probe::probe,
    way::{Way, paced, send},
};

/// The worlds of what is sent steadily and of what is timed.
const SEEDS: [u64; 2] = [2, 3];
/// How long ago they began, in seconds: what Clerk sends is never of the future, and hurried as they are, their time still
/// passes a few times as fast as ours.
const AGO: i64 = 24 * 3600;
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
}

impl Watch {
    /// Sends events at this rate for so long; each must end as one row.
    pub fn over(mut way: Way<'_>, rate: f64, time: Duration) -> anyhow::Result<Self> {
        let start = Instant::now();
        let signer = Signer::new()?;
        let [steady, timed] =
            SEEDS.map(|seed| World::in_instance(seed, INSTANCE_ID, (now() - AGO) * 1000).hurried());
        let sent = AtomicU64::new(0);
        // Signed one by one: a signature is good for five minutes only.
        let requests = steady.take_while(|_| start.elapsed() < time).map(|event| {
            sent.fetch_add(1, Ordering::Relaxed);
            request(&signer, &event, now())
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
            let timing = scope.spawn(|| probe(timed, &signer, edge, &database, PATIENCE, seen));
            while !(sending.is_finished() && timing.is_finished()) {
                if samples.last().is_none_or(|last| start.elapsed() >= last.at + EVERY) {
                    let sample = Sample::now(&way, start);
                    if samples.last().is_some_and(|last| last.minute() < sample.minute()) {
                        let latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
                        report(
                            &sample,
                            sent.load(Ordering::Relaxed) as usize + latencies.len(),
                            latencies.last(),
                        );
                    }
                    samples.push(sample);
                }
                thread::sleep(STEP);
            }
            let panicked = || Err(anyhow!("the load panicked"));
            [sending, timing].map(|thread| thread.join().unwrap_or_else(|_| panicked()))
        });
        sending?;
        let latencies = latencies.into_inner().unwrap_or_else(PoisonError::into_inner);
        // One that was waited for in vain was accepted, too: whether it is late or lost, the account tells.
        let events = sent.into_inner() as usize + latencies.len() + usize::from(timing.is_err());
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
    fn now(way: &Way<'_>, start: Instant) -> Self {
        Self {
            at: start.elapsed(),
            ingest: proc_stat(way.ingest.pid()),
            worker: proc_stat(way.worker.pid()),
            applied: way.worker.done().events,
        }
    }

    fn minute(&self) -> u64 {
        self.at.as_secs() / 60
    }
}
