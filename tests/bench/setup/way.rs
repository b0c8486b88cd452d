//! The whole way from a POST to a row: an edge, a queue, a worker and a database of one measurement's own.

use std::{
    net::SocketAddr,
    slice, thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use harness::{RabbitMq, load};

use crate::{
    common::Inbox,
    database::{Database, Server},
    ingest_process::IngestProcess,
    worker_process::WorkerProcess,
};

/// The worker's defaults.
pub const LANES: usize = 2;
pub const BATCH: usize = 500;
const CONNECTIONS: usize = 64;

/// Both programs, running, and what is between and behind them.
pub struct Way<'a> {
    inbox: Inbox<'a>,
    pub database: Database<'a>,
    pub ingest: IngestProcess,
    pub worker: WorkerProcess,
}

impl<'a> Way<'a> {
    /// A new one on these servers.
    pub fn open(broker: &'a RabbitMq, postgres: &'a Server) -> anyhow::Result<Self> {
        let inbox = Inbox::declare(broker)?;
        let database = postgres.fresh_database()?;
        let ingest = IngestProcess::start(broker.url(), &inbox.namespace, &[]);
        let worker = WorkerProcess::start(&inbox, &database.url, LANES, BATCH);
        Ok(Self { inbox, database, ingest, worker })
    }

    /// How many events go all the way a second, when these are sent as fast as they go.
    pub fn rush<R: AsRef<[u8]>>(&mut self, requests: impl Iterator<Item = R>) -> anyhow::Result<f64> {
        let before = self.worker.done().events;
        let mut sent = 0;
        let start = Instant::now();
        send(self.ingest.address, requests.inspect(|_| sent += 1))?;
        self.wait_for(before + sent)?;
        Ok(sent as f64 / start.elapsed().as_secs_f64())
    }

    /// Waits until so many events have been applied since the worker was started.
    pub fn wait_for(&mut self, events: usize) -> anyhow::Result<()> {
        WorkerProcess::wait_for(slice::from_mut(&mut self.worker), events).map(drop)
    }

    /// Stops and removes everything. Exactly so many events must have ended as a row, none of them dead.
    pub fn close(self, events: usize) -> anyhow::Result<()> {
        self.ingest.stop()?;
        self.worker.stop()?;
        self.inbox.close(0)?;
        self.database.close(events, None)
    }
}

/// Sends requests, each connection its next one when its last is answered. Every request must be accepted.
pub fn send<R: AsRef<[u8]>>(edge: SocketAddr, requests: impl Iterator<Item = R>) -> anyhow::Result<()> {
    let statuses = load::run(edge, CONNECTIONS, requests)?.statuses;
    ensure!(statuses.keys().all(|status| *status == 200), "answers by status: {statuses:?}");
    Ok(())
}

/// Each request at its time by the clock. The wait holds up the thread that also reads the answers, but by less than
/// the time between two requests, and nobody looks at how long these take.
pub fn paced<R>(requests: impl Iterator<Item = R>, rate: f64) -> impl Iterator<Item = R> {
    let start = Instant::now();
    requests
        .enumerate()
        .inspect(move |(index, _)| {
            let due = start + Duration::from_secs_f64(*index as f64 / rate);
            thread::sleep(due.saturating_duration_since(Instant::now()));
        })
        .map(|(_, request)| request)
}
