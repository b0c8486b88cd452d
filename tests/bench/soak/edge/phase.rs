//! One phase: the same load all the time, a look at the edge every second.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{anyhow, ensure};
use harness::{ProcStat, load, proc_stat};

use crate::{
    common::{Traffic, now},
    ingest_process::{IngestProcess, request},
};

const CONNECTIONS: usize = 64;
/// From one sample to the next.
const EVERY: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(50);

/// What was seen in one phase.
pub struct Phase {
    pub name: &'static str,
    pub time: Duration,
    pub samples: Vec<Sample>,
}

/// One look.
pub struct Sample {
    /// Since the phase began.
    pub at: Duration,
    pub stat: ProcStat,
    /// Sent so far in this phase.
    pub requests: u64,
}

impl Phase {
    /// Keeps the edge under full load for so long; every answer must be of this status.
    pub fn run(
        name: &'static str,
        edge: &IngestProcess,
        traffic: &Traffic,
        time: Duration,
        status: u16,
    ) -> anyhow::Result<Self> {
        let start = Instant::now();
        let sent = AtomicU64::new(0);
        let events = traffic.events.iter().cycle().take_while(|_| start.elapsed() < time);
        // Signed one by one: a signature is good for five minutes only.
        let requests = events.map(|event| {
            sent.fetch_add(1, Ordering::Relaxed);
            request(&traffic.signer, event, now())
        });
        let mut samples: Vec<Sample> = Vec::new();
        let report = thread::scope(|scope| {
            let load = scope.spawn(|| load::run(edge.address, CONNECTIONS, requests));
            while !load.is_finished() {
                if samples.last().is_none_or(|last| start.elapsed() >= last.at + EVERY) {
                    let requests = sent.load(Ordering::Relaxed);
                    samples.push(Sample { at: start.elapsed(), stat: proc_stat(edge.pid()), requests });
                }
                thread::sleep(STEP);
            }
            load.join().map_err(|_| anyhow!("the load panicked"))
        })??;
        ensure!(
            report.statuses.keys().all(|given| *given == status),
            "{name}: answers {:?}",
            report.statuses
        );
        Ok(Self { name, time, samples })
    }
}
