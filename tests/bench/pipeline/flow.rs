//! Events on their way: received, queued, applied.

use std::{
    net::SocketAddr,
    panic, slice, thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use harness::{RabbitMq, load, proc_stat};

use crate::{
    common::{Inbox, Traffic},
    database::{Database, Server},
    ingest_process::{IngestProcess, requests},
    probe::{Latencies, probe},
    processors::Processors,
    worker_process::{Done, WorkerProcess},
};

/// The world of what is sent as fast as it goes.
pub const TRAFFIC_SEED: u64 = 1;
const MOST_PROBES: usize = 5_000;
const CONNECTIONS: usize = 64;
/// The worker's defaults.
const LANES: usize = 2;
const BATCH: usize = 500;
/// Of what goes all the way as fast as it goes, so much is sent while events are timed.
const LOADS: [f64; 3] = [0.1, 0.5, 0.9];

/// What everything is measured with.
pub struct Setting<'a> {
    pub broker: &'a RabbitMq,
    pub postgres: &'a Server,
    /// What is sent as fast as it goes.
    pub traffic: &'a Traffic,
    /// How long each load lasts.
    pub duration: Duration,
    /// Settings of the worker beside its defaults.
    pub worker: Vec<(&'a str, &'a str)>,
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
        let inbox = Inbox::declare(self.broker)?;
        let database = self.postgres.fresh_database()?;
        let ingest = IngestProcess::start(self.broker.url(), &inbox.namespace, &[]);
        let mut worker = self.start_worker(&inbox, &database);

        let events = self.traffic.events.len();
        let requests = requests(self.traffic);
        let start = Instant::now();
        send(ingest.address, requests.iter())?;
        wait_for(&mut worker, events)?;
        let whole_rate = rate(events, start);

        let mut total = events;
        let mut loads = Vec::new();
        for (number, share) in (1..).zip(LOADS) {
            let load = self.measure_load(number, share, whole_rate, ingest.address, &database.url)?;
            total += load.sent + load.latencies.count;
            wait_for(&mut worker, total)?;
            loads.push(load);
        }

        let mib = |pid| proc_stat(pid).peak_rss_bytes as f64 / f64::from(1 << 20);
        let (ingest_rss, worker_rss) = (mib(ingest.pid()), mib(worker.pid()));
        ingest.stop()?;
        worker.stop()?;
        inbox.close(0)?;
        database.close(total, None)?;
        Ok(Sample { ingest_rate, worker_rate, whole_rate, loads, ingest_rss, worker_rss })
    }

    fn start_worker(&self, inbox: &Inbox<'_>, database: &Database<'_>) -> WorkerProcess {
        WorkerProcess::start_with(inbox, &database.url, LANES, BATCH, &self.worker)
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

        let mut worker = self.start_worker(&inbox, &database);
        let begun = wait_for(&mut worker, 1)?;
        let start = Instant::now();
        wait_for(&mut worker, events)?;
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
        let latencies = thread::scope(|scope| {
            let sending = scope.spawn(|| send(edge, paced(&background, rate)));
            let latencies = probe(&probes, edge, database_url, || !sending.is_finished());
            sending.join().unwrap_or_else(|panic| panic::resume_unwind(panic))?;
            latencies
        })?;
        Ok(Load { share, sent, latencies, busy: Processors::read()?.busy_since(before) })
    }
}

fn wait_for(worker: &mut WorkerProcess, events: usize) -> anyhow::Result<Done> {
    WorkerProcess::wait_for(slice::from_mut(worker), events)
}

fn rate(events: usize, since: Instant) -> f64 {
    events as f64 / since.elapsed().as_secs_f64()
}

/// Every request must be accepted.
fn send<'a>(edge: SocketAddr, requests: impl Iterator<Item = &'a Vec<u8>>) -> anyhow::Result<()> {
    let statuses = load::run(edge, CONNECTIONS, requests)?.statuses;
    ensure!(statuses.keys().all(|status| *status == 200), "answers by status: {statuses:?}");
    Ok(())
}

/// Each request at its time by the clock. The wait holds up the thread that also reads the answers, but by less than
/// the time between two requests, and nobody looks at how long these take.
fn paced(requests: &[Vec<u8>], rate: f64) -> impl Iterator<Item = &Vec<u8>> {
    let start = Instant::now();
    requests
        .iter()
        .enumerate()
        .inspect(move |(index, _)| {
            let due = start + Duration::from_secs_f64(*index as f64 / rate);
            thread::sleep(due.saturating_duration_since(Instant::now()));
        })
        .map(|(_, request)| request)
}
