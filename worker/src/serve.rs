//! Running the worker.

use std::{sync::Arc, time::Duration};

use shared::{
    lifecycle::{Backoff, Check, Process},
    program,
    queue::open_consumer,
};
use tokio::{sync::Notify, task::JoinSet, time::timeout};

use crate::{
    config::{Config, Migrate},
    lane::{Applier, Lane},
    metrics::Metrics,
    store::Store,
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
    if config.migrate == Migrate::Start && !migrated(&config.store, &process, &database).await? {
        return Ok(());
    }
    let upkeep = keep_up(config.store.clone(), config.keeping, metrics.clone(), process.shutdown.clone());
    let applier = Arc::new(Applier {
        store: config.store.clone(),
        policy: config.policy.clone(),
        metrics,
        given_up: Notify::new(),
    });

    let mut lanes = JoinSet::new();
    for number in 1..=config.lanes {
        let check = process.readiness.check(format!("queue (lane {number})"));
        let lane = Lane {
            // In messages, each of which may hold dozens of events: more would be too much to hold.
            consumer: open_consumer(&config.queue, config.batch, check)?,
            applier: applier.clone(),
            batch: config.batch.into(),
            shutdown: process.shutdown.clone(),
        };
        lanes.spawn(lane.run());
    }
    tracing::info!(queue = %config.queue, lanes = config.lanes, batch = config.batch, "applying events");

    let finished = async {
        while let Some(ended) = lanes.join_next().await {
            ended??;
            if !process.shutdown.is_cancelled() {
                return Err("a lane ended by itself".into());
            }
        }
        Ok(())
    };
    tokio::select! {
        finished = finished => finished,
        _ = async { tokio::join!(probe(&applier, &database), upkeep) } => Ok(()),
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
async fn probe(applier: &Applier, database: &Check) {
    loop {
        if applier.store.give_up_silent() {
            tracing::warn!("the database does not answer, giving up the connections there are");
            applier.given_up.notify_waiters();
        }
        let store = applier.store.clone();
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
