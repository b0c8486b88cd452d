//! The worker under test.

use std::{
    iter::Sum,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use harness::{Process, binaries, free_port};

use crate::common::{Inbox, SECRET, admin};

/// Often enough to be off by less than a hundredth, seldom enough to cost nothing.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const STALLED_AFTER: Duration = Duration::from_secs(60);

/// A running `worker`.
pub struct WorkerProcess {
    process: Process,
    admin: SocketAddr,
}

/// What a worker says it has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    pub events: usize,
    pub batches: usize,
    /// How often the database could not take a batch.
    pub retries: usize,
}

impl Sum for Done {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, done| Self {
            events: sum.events + done.events,
            batches: sum.batches + done.batches,
            retries: sum.retries + done.retries,
        })
    }
}

impl WorkerProcess {
    /// Starts one.
    pub fn start(inbox: &Inbox<'_>, database_url: &str, lanes: usize, batch: usize) -> Self {
        Self::start_with(inbox, database_url, lanes, batch, &[])
    }

    /// Starts one with more settings.
    pub fn start_with(
        inbox: &Inbox<'_>,
        database_url: &str,
        lanes: usize,
        batch: usize,
        settings: &[(&str, &str)],
    ) -> Self {
        let admin = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let variables = [
            ("QUEUE_URL", inbox.broker.url()),
            ("QUEUE_NAMESPACE", &inbox.namespace),
            ("DATABASE_URL", database_url),
            ("CLERK_WEBHOOK_SECRET", SECRET),
            ("LANES", &lanes.to_string()),
            ("BATCH", &batch.to_string()),
            ("ADMIN_LISTEN", &admin.to_string()),
        ];
        let variables = variables.iter().chain(settings).copied();
        let process = Process::start(&binaries().worker, [] as [&str; 0], variables);
        Self { process, admin }
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Waits until `workers` have applied so many events together.
    pub fn wait_for(workers: &mut [Self], events: usize) -> anyhow::Result<Done> {
        let mut last = (Instant::now(), Done::default());
        loop {
            let done = workers.iter().map(Self::done).sum::<Done>();
            if done.events >= events {
                return Ok(done);
            }
            if done != last.1 {
                last = (Instant::now(), done);
            }
            for worker in &mut *workers {
                if worker.process.exited().is_some() || last.0.elapsed() > STALLED_AFTER {
                    bail!(
                        "no more than {} events; a worker's log:\n{}",
                        done.events,
                        worker.process.log_tail()
                    );
                }
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Stops it in good order.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.process.terminate();
        let status = self.process.wait(STALLED_AFTER);
        ensure!(status.success(), "the worker ended with {status}:\n{}", self.process.log_tail());
        Ok(())
    }

    /// What it has done so far.
    pub fn done(&self) -> Done {
        let Some(answer) = admin::get(self.admin, "/metrics") else { return Done::default() };
        let sum = |name: &str| {
            let values = answer.text().lines().filter(|line| line.starts_with(name));
            values.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
        };
        Done {
            events: sum("clerk_mirror_worker_events_total{"),
            batches: sum("clerk_mirror_worker_batch_events_count"),
            retries: sum("clerk_mirror_worker_retries_total"),
        }
    }
}
