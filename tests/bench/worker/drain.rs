//! The programs under test take a backlog.

use std::time::Instant;

use anyhow::ensure;
use harness::proc_stat;

use crate::{
    case::Case,
    common::Inbox,
    database::Database,
    sample::{Cost, Sample},
    variant::Setting,
    worker_process::WorkerProcess,
};

/// Measures workers from the first events they have applied to the last.
pub fn measure(
    setting: &Setting<'_>,
    inbox: &Inbox<'_>,
    database: &Database<'_>,
    case: Case,
) -> anyhow::Result<Sample> {
    let total = setting.events.len();
    let start = || WorkerProcess::start(inbox, &database.url, case.lanes, case.batch);
    let mut workers: Vec<_> = (0..case.processes).map(|_| start()).collect();
    let pids: Vec<u32> = workers.iter().map(WorkerProcess::pid).collect();

    let begun = WorkerProcess::wait_for(&mut workers, 1)?;
    let (start, before) = (Instant::now(), Cost::read(setting, &pids)?);
    let ended = WorkerProcess::wait_for(&mut workers, total)?;
    let (elapsed, after) = (start.elapsed(), Cost::read(setting, &pids)?);
    ensure!(ended.events == total, "events came twice: {} of {total} were applied", ended.events);

    let batch = ended.events as f64 / ended.batches as f64;
    let mut sample = before.sample_until(after, total - begun.events, elapsed, batch);
    let peaks = pids.iter().map(|pid| proc_stat(*pid).peak_rss_bytes);
    sample.rss = peaks.max().map(|peak| peak as f64 / f64::from(1 << 20));
    workers.into_iter().try_for_each(WorkerProcess::stop)?;
    Ok(sample)
}
