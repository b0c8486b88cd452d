//! What the worker measures.

use std::time::Duration;

use chrono::Utc;
use prometheus::Registry;
use shared::queue::Cause;

use crate::{
    event::{Entry, Kind, Millis},
    store::{Outcome, Upkeep},
};

/// The label of types outside Clerk's catalogue: a label must come from a closed set.
const OTHER: &str = "other";
// What a run of upkeep came to, and what it did to a partition.
const DONE: &str = "done";
const POSTPONED: &str = "postponed";
const ELSEWHERE: &str = "elsewhere";
const FAILED: &str = "failed";
const MADE: &str = "made";
const DROPPED: &str = "dropped";

shared::metrics! {
    /// The worker's metrics.
    pub struct Metrics {
        /// Events accounted for, by type (`other`: outside Clerk's catalogue) and outcome (`applied`, `stale`, `ignored`, `dead`, `duplicate`).
        pub events: IntCounterVec = "clerk_mirror_worker_events_total" { "type", "outcome" },
        /// Events in one transaction.
        pub batch: Histogram = "clerk_mirror_worker_batch_events"
            [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0],
        /// Time to decode and apply one batch, in seconds.
        pub apply: Histogram = "clerk_mirror_worker_apply_seconds"
            [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 2.0, 4.0, 8.0, 16.0, 60.0],
        /// Time from when Clerk says an event happened to its commit, in seconds.
        pub lag_occurred: Histogram = "clerk_mirror_worker_lag_from_occurred_seconds"
            [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0, 86400.0],
        /// Time from the edge receiving an event to its commit, in seconds.
        pub lag_received: Histogram = "clerk_mirror_worker_lag_from_received_seconds"
            [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0],
        /// Batches that had to be tried again because the database could not take them.
        pub retries: IntCounter = "clerk_mirror_worker_retries_total",
        /// Batches applied whose acknowledgement did not reach the queue: their events come again as duplicates.
        pub unacknowledged: IntCounter = "clerk_mirror_worker_unacknowledged_batches_total",
        /// Events of dead letters accounted for, by the cause for which the queue gave them up (`delivery_limit`, `expired`, `maxlen`, `rejected`, `unknown`).
        pub dead_letters: IntCounterVec = "clerk_mirror_worker_dead_letters_total" { "cause" },
        /// Lanes that are applying a batch.
        pub busy: IntGauge = "clerk_mirror_worker_lanes_busy",
        /// Runs of the ledger's upkeep, by result (`done`, `postponed`: part of it has to wait, `elsewhere`: another process was at it, `failed`).
        pub upkeep_runs: IntCounterVec = "clerk_mirror_worker_upkeep_runs_total" { "result" },
        /// Partitions of the ledger that upkeep has `made` or `dropped`.
        pub upkeep_partitions: IntCounterVec = "clerk_mirror_worker_upkeep_partitions_total" { "action" },
        /// Rows of the ledger past retention that were deleted, those of dropped partitions not counted.
        pub upkeep_deleted_rows: IntCounter = "clerk_mirror_worker_upkeep_deleted_rows_total",
        /// Deleted users who were erased because of their age.
        pub erased_users: IntCounter = "clerk_mirror_worker_erased_users_total",
    }
}

impl Metrics {
    /// Makes the metrics, adds them to `registry`, and starts every series at zero: a rate over a series that begins
    /// with its first event misses that event.
    pub fn start(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self::register(registry)?;
        for event_type in Kind::known_types().chain([OTHER]) {
            for outcome in Outcome::ALL {
                metrics.events.with_label_values(&[event_type, outcome.as_str()]);
            }
        }
        for cause in Cause::ALL {
            metrics.dead_letters.with_label_values(&[cause.as_str()]);
        }
        for result in [DONE, POSTPONED, ELSEWHERE, FAILED] {
            metrics.upkeep_runs.with_label_values(&[result]);
        }
        for action in [MADE, DROPPED] {
            metrics.upkeep_partitions.with_label_values(&[action]);
        }
        Ok(metrics)
    }

    /// Counts a batch that was committed.
    pub(crate) fn applied(&self, entries: &[Entry<'_>], outcomes: &[Outcome], took: Duration) {
        self.batch.observe(entries.len() as f64);
        self.apply.observe(took.as_secs_f64());
        let now = Millis::from(Utc::now());
        for (entry, outcome) in entries.iter().zip(outcomes) {
            self.accounted(entry, *outcome);
            if *outcome != Outcome::Duplicate {
                self.lag_occurred.observe(seconds_between(entry.occurred_at, now));
                self.lag_received.observe(seconds_between(entry.received_at, now));
            }
        }
    }

    /// Counts an event of a dead letter.
    pub(crate) fn dead_letter(&self, cause: Cause, entry: &Entry<'_>, outcome: Outcome) {
        self.dead_letters.with_label_values(&[cause.as_str()]).inc();
        self.accounted(entry, outcome);
    }

    fn accounted(&self, entry: &Entry<'_>, outcome: Outcome) {
        self.events.with_label_values(&[type_label(entry), outcome.as_str()]).inc();
    }

    /// Counts a run of upkeep.
    pub(crate) fn upkeep(&self, upkeep: &Upkeep) {
        let result = if !upkeep.postponed.is_empty() {
            POSTPONED
        } else if upkeep.elsewhere {
            ELSEWHERE
        } else {
            DONE
        };
        self.upkeep_runs.with_label_values(&[result]).inc();
        self.upkeep_partitions.with_label_values(&[MADE]).inc_by(upkeep.made.len() as u64);
        self.upkeep_partitions.with_label_values(&[DROPPED]).inc_by(upkeep.dropped.len() as u64);
        self.upkeep_deleted_rows.inc_by(upkeep.deleted as u64);
    }

    /// Counts a run of upkeep that failed.
    pub(crate) fn upkeep_failed(&self) {
        self.upkeep_runs.with_label_values(&[FAILED]).inc();
    }
}

fn type_label<'a>(entry: &'a Entry<'_>) -> &'a str {
    entry.event_type.as_deref().filter(|event_type| Kind::of(event_type) != Kind::Unknown).unwrap_or(OTHER)
}

fn seconds_between(from: Millis, to: Millis) -> f64 {
    (to.get() - from.get()).max(0) as f64 / 1000.0
}
