//! Events on their way: received, queued, applied.

use std::{
    net::SocketAddr,
    panic, slice, thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use harness::{RabbitMq, proc_stat};

use crate::{
    common::{Inbox, Traffic},
    database::Server,
    ingest_process::{IngestProcess, requests},
    probe::{percentile, probe},
    processors::Processors,
    way::{BATCH, LANES, Way, paced, send},
    worker_process::WorkerProcess,
};

/// The world of what is sent as fast as it goes.
pub const TRAFFIC_SEED: u64 = 1;
const MOST_PROBES: usize = 5_000;
/// Of what goes all the way as fast as it goes, so much is sent while events are timed.
const LOADS: [f64; 3] = [0.1, 0.5, 0.9];
/// A row that takes longer is missed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What everything is measured with.
pub struct Setting<'a> {
    pub broker: &'a RabbitMq,
    pub postgres: &'a Server,
    /// What is sent as fast as it goes.
    pub traffic: &'a Traffic,
    /// How long each load lasts.
    pub duration: Duration,
}

/// One round.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Events received a second while nobody applies them.
    pub ingest_rate: f64,
    /// Events applied a second while none is received.
    pub worker_rate: f64,
    /// Events that go all the way a second.
    pub whole_rate: f64,
    /// At each of the loads.
    pub loads: Vec<Load>,
    /// The most memory of `ingest`, in MiB.
    pub ingest_rss: f64,
    /// The most memory of `worker`, in MiB.
    pub worker_rss: f64,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Latencies {
    pub count: usize,
    pub p50: f64,
    pub p99: f64,
}

/// How it is while a part of what is possible is sent.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// The part.
    pub share: f64,
    /// How many events that were.
    pub sent: usize,
    /// From the POST to the row.
    pub latencies: Latencies,
    /// How busy the processors were, in percent.
    pub busy: f64,
}

impl Setting<'_> {
    /// Measures each half alone, then both together; each event must end as one row.
    pub fn measure(&self) -> anyhow::Result<Sample> {
        let (ingest_rate, worker_rate) = self.measure_halves()?;
        let mut way = Way::open(self.broker, self.postgres)?;
        let whole_rate = way.rush(requests(self.traffic).iter())?;

        let mut total = self.traffic.events.len();
        let mut loads = Vec::new();
        for (number, share) in (1..).zip(LOADS) {
            let load = self.measure_load(number, share, whole_rate, way.ingest.address, &way.database.url)?;
            total += load.sent + load.latencies.count;
            way.wait_for(total)?;
            loads.push(load);
        }

        let mib = |pid| proc_stat(pid).peak_rss_bytes as f64 / f64::from(1 << 20);
        let (ingest_rss, worker_rss) = (mib(way.ingest.pid()), mib(way.worker.pid()));
        way.close(total)?;
        Ok(Sample { ingest_rate, worker_rate, whole_rate, loads, ingest_rss, worker_rss })
    }

    /// The edge fills the queue, then the worker empties it.
    fn measure_halves(&self) -> anyhow::Result<(f64, f64)> {
        let inbox = Inbox::declare(self.broker)?;
        let database = self.postgres.fresh_database()?;
        let ingest = IngestProcess::start(self.broker.url(), &inbox.namespace, &[]);
        let events = self.traffic.events.len();
        let requests = requests(self.traffic);
        let start = Instant::now();
        send(ingest.address, requests.iter())?;
        let ingest_rate = rate(events, start);
        ingest.stop()?;

        let mut worker = WorkerProcess::start(&inbox, &database.url, LANES, BATCH);
        let mut wait_for = |events| WorkerProcess::wait_for(slice::from_mut(&mut worker), events);
        let begun = wait_for(1)?;
        let start = Instant::now();
        wait_for(events)?;
        let worker_rate = rate(events - begun.events, start);
        worker.stop()?;
        inbox.close(0)?;
        database.close(events, None)?;
        Ok((ingest_rate, worker_rate))
    }

    /// Times single events while others are sent at a `share` of the `capacity`.
    fn measure_load(
        &self,
        number: u64,
        share: f64,
        capacity: f64,
        edge: SocketAddr,
        database_url: &str,
    ) -> anyhow::Result<Load> {
        let rate = share * capacity;
        let sent = (rate * self.duration.as_secs_f64()) as usize;
        // Worlds of their own: nothing is sent twice.
        let background = requests(&Traffic::new(TRAFFIC_SEED + 2 * number, sent)?);
        let probes = Traffic::new(TRAFFIC_SEED + 2 * number + 1, MOST_PROBES)?;
        let before = Processors::read()?;
        let mut latencies = Vec::new();
        thread::scope(|scope| {
            let sending = scope.spawn(|| send(edge, paced(background.iter(), rate)));
            let seen = |latency| {
                latencies.push(latency);
                !sending.is_finished()
            };
            probe(probes.events.into_iter(), &probes.signer, edge, database_url, PATIENCE, seen)?;
            sending.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
        })?;
        let busy = Processors::read()?.busy_since(before);
        ensure!(!latencies.is_empty(), "nothing was measured");
        latencies.sort_unstable();
        let [p50, p99] = [50, 99].map(|percent| percentile(&latencies, percent));
        Ok(Load { share, sent, latencies: Latencies { count: latencies.len(), p50, p99 }, busy })
    }
}

fn rate(events: usize, since: Instant) -> f64 {
    events as f64 / since.elapsed().as_secs_f64()
}
