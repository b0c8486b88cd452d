//! Upkeep: keeps the ledger in partitions and drops what is past retention, beside the lanes.

use std::{str::FromStr, sync::Arc, time::Duration};

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

/// How long the ledger keeps an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention(Option<Duration>);

impl Retention {
    /// Svix delivers an event again for 27.5 hours, and only the ledger knows that it was there before.
    const LEAST: Duration = Duration::from_secs(2 * 24 * 3600);

    /// The time, or none if everything is kept.
    pub fn get(self) -> Option<Duration> {
        self.0
    }
}

/// Why something is no retention.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRetention {
    /// Not a time.
    #[error("is neither a time (90d) nor `never`")]
    Unreadable,
    /// Too short a time.
    #[error("must be at least 2d: an event may come again for that long, and the ledger must still know it")]
    TooShort,
}

impl FromStr for Retention {
    type Err = InvalidRetention;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "never" {
            return Ok(Self(None));
        }
        let time = humantime::parse_duration(text).map_err(|_| InvalidRetention::Unreadable)?;
        if time < Self::LEAST { Err(InvalidRetention::TooShort) } else { Ok(Self(Some(time))) }
    }
}

/// Runs upkeep at once and then from time to time, until the process stops.
pub(crate) async fn keep_up(
    store: Arc<dyn Store>,
    retention: Retention,
    metrics: Metrics,
    shutdown: CancellationToken,
) {
    let mut retry = RETRY;
    while !shutdown.is_cancelled() {
        let wait = match run(store.clone(), retention, &metrics).await {
            Progress::More => continue,
            Progress::Done => {
                retry.reset();
                EVERY.clone().next_delay()
            }
            Progress::Hindered => retry.next_delay(),
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// What one run means for the next.
enum Progress {
    /// There is more to do, right now.
    More,
    Done,
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
    if upkeep.unfinished {
        Progress::More
    } else if upkeep.postponed.is_empty() {
        Progress::Done
    } else {
        Progress::Hindered
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
    fn a_retention_is_a_time_or_never() {
        let days = |days: u64| Ok(Retention(Some(Duration::from_secs(days * 24 * 3600))));
        assert_eq!("90d".parse(), days(90));
        assert_eq!("48h".parse(), days(2));
        assert_eq!("never".parse(), Ok(Retention(None)));
        assert_eq!("47h 59m".parse::<Retention>(), Err(InvalidRetention::TooShort));
        assert_eq!("0".parse::<Retention>(), Err(InvalidRetention::TooShort));
        assert_eq!("90".parse::<Retention>(), Err(InvalidRetention::Unreadable));
        assert_eq!("".parse::<Retention>(), Err(InvalidRetention::Unreadable));
    }
}
