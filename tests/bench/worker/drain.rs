//! The program under test takes a backlog.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use harness::{Process, binaries, free_port, proc_stat};

use crate::{
    BATCH,
    common::{Inbox, SECRET, admin},
    database::Database,
    sample::{Cpu, Sample},
    variant::Setting,
};

/// Often enough to be off by less than a hundredth, seldom enough to cost nothing.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const STALLED_AFTER: Duration = Duration::from_secs(60);

/// Measures a worker from the first events it has applied to the last.
pub fn measure(
    setting: &Setting<'_>,
    inbox: &Inbox<'_>,
    database: &Database<'_>,
    lanes: usize,
) -> anyhow::Result<Sample> {
    let total = setting.events.len();
    let admin = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let variables = [
        ("QUEUE_URL", setting.broker.url().to_owned()),
        ("QUEUE_NAMESPACE", inbox.namespace.clone()),
        ("DATABASE_URL", database.url.clone()),
        ("CLERK_WEBHOOK_SECRET", SECRET.to_owned()),
        ("LANES", lanes.to_string()),
        ("BATCH", BATCH.to_string()),
        ("ADMIN_LISTEN", admin.to_string()),
    ];
    let mut worker = Process::start(&binaries().worker, [] as [&str; 0], variables);

    let begun = wait_for(&mut worker, admin, 1)?;
    let (start, before) = (Instant::now(), Cpu::read(setting, worker.pid())?);
    let ended = wait_for(&mut worker, admin, total)?;
    let (elapsed, after) = (start.elapsed(), Cpu::read(setting, worker.pid())?);
    ensure!(ended.events == total, "events came twice: {} of {total} were applied", ended.events);

    let batch = ended.events as f64 / ended.batches as f64;
    let mut sample = before.sample_until(after, total - begun.events, elapsed, batch);
    sample.rss = Some(proc_stat(worker.pid()).peak_rss_bytes as f64 / f64::from(1 << 20));
    worker.terminate();
    let status = worker.wait(STALLED_AFTER);
    ensure!(status.success(), "the worker ended with {status}:\n{}", worker.log_tail());
    Ok(sample)
}

/// What the worker says it has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Done {
    events: usize,
    batches: usize,
}

/// Waits until so many events are applied.
fn wait_for(worker: &mut Process, admin: SocketAddr, events: usize) -> anyhow::Result<Done> {
    let mut last = (Instant::now(), Done::default());
    loop {
        let done = done(admin);
        if done.events >= events {
            return Ok(done);
        }
        if done != last.1 {
            last = (Instant::now(), done);
        }
        if worker.exited().is_some() || last.0.elapsed() > STALLED_AFTER {
            bail!("the worker stopped after {} events; its log:\n{}", done.events, worker.log_tail());
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn done(admin: SocketAddr) -> Done {
    let Some(answer) = admin::get(admin, "/metrics") else { return Done::default() };
    let sum = |name: &str| {
        let values = answer.text().lines().filter(|line| line.starts_with(name));
        values.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
    };
    Done {
        events: sum("clerk_mirror_worker_events_total{"),
        batches: sum("clerk_mirror_worker_batch_events_count"),
    }
}
