//! One fault, while a worker takes a backlog.

use std::{
    slice, thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::BigInt};
use harness::RabbitMq;

use crate::{BATCH, LANES, backlog, events::Events, fault::Fault, worker_process::WorkerProcess};

/// The worker has settled by then, and most of the backlog is left.
const BEFORE: f64 = 0.1;
/// Of faults that let a part through: the rest is left for what comes after.
const UNTIL: f64 = 0.7;
const LOOK_EVERY: Duration = Duration::from_millis(5);
const GIVE_UP: Duration = Duration::from_secs(120);

/// What came of it.
pub struct Trial {
    pub fault: Fault,
    pub events: usize,
    pub dead: usize,
    pub lost: usize,
    pub doubled: usize,
    pub retries: usize,
    /// From the end of the fault to the next event that is applied.
    pub recovery: Duration,
}

/// Runs a worker on a backlog of all events, with a fault that lasts for `outage`.
pub fn run(fault: Fault, broker: &RabbitMq, events: &Events, outage: Duration) -> anyhow::Result<Trial> {
    let outage = outage.max(fault.least());
    let total = events.len();
    let inbox = backlog::fill(broker, events.verified())?;
    let mut database = fault.database(total)?;
    let settings = fault.settings();
    let mut worker = WorkerProcess::start_with(&inbox, &database.seen_by_worker, LANES, BATCH, settings);
    WorkerProcess::wait_for(slice::from_mut(&mut worker), (total as f64 * BEFORE) as usize)?;

    let begun = Instant::now();
    database.begin()?;
    while begun.elapsed() < outage && worker.done().events < (total as f64 * UNTIL) as usize {
        database.go_on()?;
        thread::sleep(LOOK_EVERY);
    }
    let before = worker.done().events;
    let over = Instant::now();
    database.end()?;
    // Of a server that has to start, the fault is over once it has.
    let over = if fault.ends_with_a_start() { Instant::now() } else { over };
    while worker.done().events == before {
        ensure!(over.elapsed() < GIVE_UP, "{fault}: nothing was applied within {GIVE_UP:?} of its end");
        thread::sleep(LOOK_EVERY);
    }
    let recovery = over.elapsed();
    WorkerProcess::wait_for(slice::from_mut(&mut worker), total)?;
    let retries = worker.done().retries;
    worker.stop()?;
    let ledger = Ledger::read(&database.direct)?;
    inbox.close(0)?;
    Ok(Trial {
        fault,
        events: total,
        dead: ledger.dead.try_into()?,
        lost: total - usize::try_from(ledger.ids)?,
        doubled: usize::try_from(ledger.rows - ledger.ids)?,
        retries,
        recovery,
    })
}

/// What the ledger says.
#[derive(QueryableByName)]
struct Ledger {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    ids: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
}

impl Ledger {
    fn read(url: &str) -> anyhow::Result<Self> {
        let sql = |table: &str| {
            diesel::sql_query(format!(
                "SELECT count(*) AS rows, count(DISTINCT svix_id) AS ids, \
                        count(CASE WHEN outcome = 'dead' THEN 1 END) AS dead FROM {table}"
            ))
        };
        Ok(match url.strip_prefix("sqlite:") {
            Some(path) => sql("webhook_events").get_result(&mut SqliteConnection::establish(path)?)?,
            None => sql("clerk.webhook_events").get_result(&mut PgConnection::establish(url)?)?,
        })
    }
}
