//! Events on their way: received, queued, applied.

use std::{
    net::SocketAddr,
    panic, thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use harness::{RabbitMq, load, proc_stat};

use crate::{
    common::{Inbox, Traffic},
    database::Server,
    ingest_process::{IngestProcess, requests},
    probe::{Latencies, probe},
    processors::Processors,
    worker_process::WorkerProcess,
};

/// The world whose events keep the machine half busy.
const BACKGROUND_SEED: u64 = 2;
const CONNECTIONS: usize = 64;
const LANES: usize = 2;

/// What everything is measured with.
pub struct Setting<'a> {
    pub broker: &'a RabbitMq,
    pub postgres: &'a Server,
    /// What is sent as fast as it goes.
    pub traffic: &'a Traffic,
    /// What is sent one by one, and timed.
    pub probes: &'a Traffic,
    /// How long the machine is half busy.
    pub duration: Duration,
}

/// One round.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Events received a second while nobody applies them.
    pub ingest_rate: f64,
    /// Events applied a second while none is received.
    pub worker_rate: f64,
    /// Events that go all the way a second.
    pub whole_rate: f64,
    /// From the POST to the row, at half of that.
    pub latencies: Latencies,
    /// How busy the processors were with that, in percent.
    pub busy: f64,
    /// The most memory of `ingest`, in MiB.
    pub ingest_rss: f64,
    /// The most memory of `worker`, in MiB.
    pub worker_rss: f64,
}

impl Setting<'_> {
    /// Measures each half alone, then both together; each event must end as one row.
    pub fn measure(&self) -> anyhow::Result<Sample> {
        let (ingest_rate, worker_rate) = self.measure_halves()?;
        let inbox = Inbox::declare(self.broker)?;
        let database = self.postgres.fresh_database()?;
        let ingest = IngestProcess::start(self.broker.url(), &inbox.namespace, &[]);
        let mut worker = WorkerProcess::start(&inbox, &database.url, LANES);

        let events = self.traffic.events.len();
        let requests = requests(self.traffic);
        let start = Instant::now();
        send(ingest.address, requests.iter())?;
        worker.wait_for(events)?;
        let whole_rate = rate(events, start);

        let half = whole_rate / 2.0;
        let background = Traffic::new(BACKGROUND_SEED, (half * self.duration.as_secs_f64()) as usize)?;
        let (latencies, busy) = self.measure_latencies(ingest.address, &database.url, &background, half)?;
        let total = events + background.events.len() + latencies.count;
        worker.wait_for(total)?;

        let mib = |pid| proc_stat(pid).peak_rss_bytes as f64 / f64::from(1 << 20);
        let (ingest_rss, worker_rss) = (mib(ingest.pid()), mib(worker.pid()));
        ingest.stop()?;
        worker.stop()?;
        inbox.close(0)?;
        database.close(total, None)?;
        Ok(Sample { ingest_rate, worker_rate, whole_rate, latencies, busy, ingest_rss, worker_rss })
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

        let mut worker = WorkerProcess::start(&inbox, &database.url, LANES);
        let begun = worker.wait_for(1)?;
        let start = Instant::now();
        worker.wait_for(events)?;
        let worker_rate = rate(events - begun.events, start);
        worker.stop()?;
        inbox.close(0)?;
        database.close(events, None)?;
        Ok((ingest_rate, worker_rate))
    }

    /// Times single events while others are sent at `rate` a second; also returns how busy that keeps the processors.
    fn measure_latencies(
        &self,
        edge: SocketAddr,
        database_url: &str,
        background: &Traffic,
        rate: f64,
    ) -> anyhow::Result<(Latencies, f64)> {
        let requests = requests(background);
        let before = Processors::read()?;
        let latencies = thread::scope(|scope| {
            let sending = scope.spawn(|| send(edge, paced(&requests, rate)));
            let latencies = probe(self.probes, edge, database_url, || !sending.is_finished());
            sending.join().unwrap_or_else(|panic| panic::resume_unwind(panic))?;
            latencies
        })?;
        Ok((latencies, Processors::read()?.busy_since(before)))
    }
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
