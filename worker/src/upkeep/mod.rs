//! Upkeep, beside the lanes: keeps the ledger in partitions, drops what is past retention, and erases those who have
//! been deleted for long enough.

mod erasure;
mod retention;

pub use retention::{InvalidRetention, Retention};

use std::{sync::Arc, time::Duration};

use shared::{lifecycle::Backoff, program};
use tokio_util::sync::CancellationToken;

use crate::{
    metrics::Metrics,
    store::{Postponed, Store, Upkeep},
};

/// From half an hour to an hour between two runs: several workers do not run in step.
const EVERY: Backoff = Backoff::new(Duration::from_secs(3600), Duration::from_secs(3600));
/// What could not be done is tried again soon, then ever less often.
const RETRY: Backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(3600));

/// What is kept, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Keeping {
    /// How long the ledger keeps an event.
    pub retention: Retention,
    /// How long after their deletion people are erased; never without it.
    pub erase_after_delete: Option<Duration>,
}

/// Runs upkeep at once and then from time to time, until the process stops.
pub(crate) async fn keep_up(
    store: Arc<dyn Store>,
    keeping: Keeping,
    metrics: Metrics,
    shutdown: CancellationToken,
) {
    let mut retry = RETRY;
    while !shutdown.is_cancelled() {
        let mut hindered = exhaust(&shutdown, || run(store.clone(), keeping.retention, &metrics)).await;
        if let Some(age) = keeping.erase_after_delete {
            hindered |= exhaust(&shutdown, || erasure::run(store.clone(), age, &metrics)).await;
        }
        let wait = if hindered {
            retry.next_delay()
        } else {
            retry.reset();
            EVERY.clone().next_delay()
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Runs something until there is no more to do, or the process stops. True if something was in the way.
async fn exhaust<R: Future<Output = Progress>>(shutdown: &CancellationToken, run: impl Fn() -> R) -> bool {
    loop {
        match run().await {
            Progress::More if !shutdown.is_cancelled() => {}
            progress => return progress == Progress::Hindered,
        }
    }
}

/// What one run means for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Done,
    /// There is more to do, right now.
    More,
    /// Something is in the way that may be gone soon.
    Hindered,
}

async fn run(store: Arc<dyn Store>, retention: Retention, metrics: &Metrics) -> Progress {
    let result = tokio::task::spawn_blocking(move || store.maintain(retention.get())).await;
    let upkeep = match result.map_err(program::Error::from).and_then(|result| Ok(result?)) {
        Ok(upkeep) => upkeep,
        Err(error) => {
            metrics.upkeep_failed();
            tracing::warn!(%error, "the ledger's upkeep failed, trying again later");
            return Progress::Hindered;
        }
    };
    metrics.upkeep(&upkeep);
    log(&upkeep);
    progress(&upkeep)
}

fn progress(upkeep: &Upkeep) -> Progress {
    if upkeep.unfinished {
        Progress::More
    } else if upkeep.elsewhere || !upkeep.postponed.is_empty() {
        // Processes that start together may each turn the others away, and leave it to nobody.
        Progress::Hindered
    } else {
        Progress::Done
    }
}

fn log(upkeep: &Upkeep) {
    for partition in &upkeep.made {
        tracing::info!(partition, "made a partition of the ledger");
    }
    for partition in &upkeep.dropped {
        tracing::info!(partition, "dropped a partition of the ledger that was past retention");
    }
    if upkeep.moved > 0 {
        tracing::info!(rows = upkeep.moved, "moved rows of the ledger from the default partition");
    }
    if upkeep.deleted > 0 {
        tracing::info!(rows = upkeep.deleted, "deleted rows of the ledger that were past retention");
    }
    for Postponed { table, reason } in &upkeep.postponed {
        tracing::warn!(table, reason, "part of the ledger's upkeep cannot be done now, trying again later");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_turned_away_comes_again_soon() {
        let upkeep = Upkeep::default();
        assert_eq!(progress(&upkeep), Progress::Done);
        assert_eq!(progress(&Upkeep { elsewhere: true, ..upkeep.clone() }), Progress::Hindered);
        let postponed = vec![Postponed { table: "webhook_events".to_owned(), reason: "locked".to_owned() }];
        assert_eq!(progress(&Upkeep { postponed, ..upkeep.clone() }), Progress::Hindered);
        assert_eq!(progress(&Upkeep { unfinished: true, ..upkeep }), Progress::More);
    }
}
