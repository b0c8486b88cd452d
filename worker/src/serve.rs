//! Running the worker.

use std::{sync::Arc, time::Duration};

use shared::{
    lifecycle::{Backoff, Check, Process},
    program,
    queue::{ConsumerMetrics, open_consumer, open_dead_letters, watch_backlog},
};
use tokio::{runtime::Handle, time::timeout};

use crate::{
    config::{Config, Migrate},
    dead_letters::Undertaker,
    lanes::{Applier, LaneSet, Lanes},
    metrics::Metrics,
    store::Store,
    target::Target,
    upkeep::keep_up,
};

const PROBE_EVERY: Duration = Duration::from_secs(2);
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Applies events until the process stops. Waits for a database or a queue that is away.
///
/// From the call on, and not only once the future runs, the process is not ready until the worker is.
pub fn serve(config: Config, process: Process) -> impl Future<Output = Result<(), program::Error>> + Send {
    let database = process.readiness.check("database");
    run(config, process, database)
}

async fn run(config: Config, process: Process, database: Check) -> Result<(), program::Error> {
    let metrics = Metrics::start(&process.registry)?;
    let queue_metrics = ConsumerMetrics::start(&process.registry)?;
    if config.migrate == Migrate::Start && !migrated(&config.store, &process, &database).await? {
        return Ok(());
    }
    let upkeep = keep_up(config.store.clone(), config.keeping, metrics.clone(), process.shutdown.clone());
    let target = Target {
        store: config.store.clone(),
        policy: config.policy.clone(),
        metrics,
        given_up: Arc::default(),
    };
    let check = process.readiness.check("queue");
    let applier = Applier {
        target: target.clone(),
        batch: config.batch.into(),
        lanes: LaneSet::new(config.lanes.into()),
        shutdown: process.shutdown.clone(),
        runtime: Handle::current(),
    };
    let lanes = Lanes {
        consumer: open_consumer(
            &config.queue,
            applier.round(),
            queue_metrics.clone(),
            check,
            process.shutdown.clone(),
        )?,
        applier,
        linger: config.linger,
        drain: config.drain,
        shutdown: process.shutdown.clone(),
    };
    let undertaker = Undertaker {
        letters: open_dead_letters(&config.queue, queue_metrics.clone())?,
        target: target.clone(),
        shutdown: process.shutdown.clone(),
    };
    tracing::info!(queue = %config.queue, lanes = config.lanes, batch = config.batch, "applying events");
    tokio::select! {
        applied = async { tokio::try_join!(lanes.run(), undertaker.run()) } => Ok(applied.map(drop)?),
        _ = async {
            tokio::join!(probe(&target, &database), upkeep, watch_backlog(&config.queue, queue_metrics))
        } => Ok(()),
    }
}

/// Brings the schema up to date, waiting for the database as long as it takes. False if the process stopped first.
async fn migrated(
    store: &Arc<dyn Store>,
    process: &Process,
    database: &Check,
) -> Result<bool, program::Error> {
    let mut backoff = Backoff::reconnect();
    loop {
        let attempt = store.clone();
        match tokio::task::spawn_blocking(move || attempt.migrate()).await? {
            Ok(names) => {
                for name in names {
                    tracing::info!(migration = name, "migrated");
                }
                return Ok(true);
            }
            Err(error) if error.retryable() => {
                tracing::warn!(%error, "the database is away, waiting for it");
                database.fail(error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = process.shutdown.cancelled() => return Ok(false),
            () = tokio::time::sleep(backoff.next_delay()) => {}
        }
    }
}

/// Keeps `database` true to whether the database answers, and lets no lane wait for ever for an answer.
async fn probe(target: &Target, database: &Check) {
    loop {
        if target.store.give_up_silent() {
            tracing::warn!("the database does not answer, giving up the connections there are");
            target.given_up.notify_waiters();
        }
        let store = target.store.clone();
        let ping = tokio::task::spawn_blocking(move || store.ping());
        match timeout(PROBE_TIMEOUT, ping).await {
            Ok(Ok(Ok(()))) => database.pass(),
            Ok(Ok(Err(error))) => database.fail(error.to_string()),
            Ok(Err(error)) => database.fail(error.to_string()),
            Err(_) => database.fail(format!("no answer within {PROBE_TIMEOUT:?}")),
        }
        tokio::time::sleep(PROBE_EVERY).await;
    }
}
