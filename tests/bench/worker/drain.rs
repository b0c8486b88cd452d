//! The program under test takes a backlog.

use std::time::Instant;

use anyhow::ensure;
use harness::proc_stat;

use crate::{
    common::Inbox,
    database::Database,
    sample::{Cpu, Sample},
    variant::Setting,
    worker_process::WorkerProcess,
};

/// Measures a worker from the first events it has applied to the last.
pub fn measure(
    setting: &Setting<'_>,
    inbox: &Inbox<'_>,
    database: &Database<'_>,
    lanes: usize,
) -> anyhow::Result<Sample> {
    let total = setting.events.len();
    let mut worker = WorkerProcess::start(inbox, &database.url, lanes);
    let begun = worker.wait_for(1)?;
    let (start, before) = (Instant::now(), Cpu::read(setting, worker.pid())?);
    let ended = worker.wait_for(total)?;
    let (elapsed, after) = (start.elapsed(), Cpu::read(setting, worker.pid())?);
    ensure!(ended.events == total, "events came twice: {} of {total} were applied", ended.events);

    let batch = ended.events as f64 / ended.batches as f64;
    let mut sample = before.sample_until(after, total - begun.events, elapsed, batch);
    sample.rss = Some(proc_stat(worker.pid()).peak_rss_bytes as f64 / f64::from(1 << 20));
    worker.stop()?;
    Ok(sample)
}
