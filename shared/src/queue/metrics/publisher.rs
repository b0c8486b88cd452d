//! What the publishing end measures.

use std::time::Instant;

use prometheus::{IntCounter, IntGauge, Registry};

crate::metrics! {
    /// The metrics as they are registered.
    struct Registered {
        /// Time from handing a message to the broker, or a commit to the disk, to its confirm, in seconds.
        confirm: Histogram = "clerk_mirror_ingest_confirm_seconds"
            [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 2.0, 4.0, 8.0, 16.0],
        /// Events that share one message on RabbitMQ, or one commit on SQLite.
        group: Histogram = "clerk_mirror_ingest_group_events" [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0],
        /// Events that wait for their turn to be handed to the queue.
        waiting: IntGauge = "clerk_mirror_ingest_waiting_events",
        /// Events handed to the queue and not yet confirmed.
        unconfirmed: IntGauge = "clerk_mirror_ingest_unconfirmed_events",
        /// How the queue is: 1 for the state it is in (`up`, `blocked`: the broker takes no messages now, `away`), 0 for the others.
        state: IntGaugeVec = "clerk_mirror_ingest_queue_state" { "state" },
        /// Attempts to connect to the broker, by result (`connected`, `failed`).
        connects: IntCounterVec = "clerk_mirror_ingest_queue_connects_total" { "result" },
        /// Connections to the broker that were given up, by reason (`closed`: by the broker or the network, `publish_failed`, `returned`: the queue was missing, `confirm_timeout`).
        losses: IntCounterVec = "clerk_mirror_ingest_queue_connections_lost_total" { "reason" },
    }
}

/// The publishing end's metrics, looked up once.
#[derive(Debug, Clone)]
pub struct PublisherMetrics {
    registered: Registered,
    states: [(State, IntGauge); 3],
    connected: IntCounter,
    failed: IntCounter,
    losses: [(LossKind, IntCounter); 4],
}

/// How the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::queue) enum State {
    Up,
    Blocked,
    Away,
}

/// Why a connection was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::queue) enum LossKind {
    Closed,
    PublishFailed,
    Returned,
    ConfirmTimeout,
}

impl PublisherMetrics {
    /// Makes the metrics and adds them to `registry`.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let registered = Registered::register(registry)?;
        let state = |state, name| (state, registered.state.with_label_values(&[name]));
        let loss = |kind, name| (kind, registered.losses.with_label_values(&[name]));
        let metrics = Self {
            states: [state(State::Up, "up"), state(State::Blocked, "blocked"), state(State::Away, "away")],
            connected: registered.connects.with_label_values(&["connected"]),
            failed: registered.connects.with_label_values(&["failed"]),
            losses: [
                loss(LossKind::Closed, "closed"),
                loss(LossKind::PublishFailed, "publish_failed"),
                loss(LossKind::Returned, "returned"),
                loss(LossKind::ConfirmTimeout, "confirm_timeout"),
            ],
            registered,
        };
        metrics.state(State::Away);
        Ok(metrics)
    }

    /// So many events wait more, or less.
    pub(in crate::queue) fn waiting(&self, change: i64) {
        self.registered.waiting.add(change);
    }

    /// A group is handed to the queue.
    pub(in crate::queue) fn sent(&self, events: usize) -> Unconfirmed {
        self.registered.group.observe(events as f64);
        self.registered.unconfirmed.add(events as i64);
        Unconfirmed {
            gauge: self.registered.unconfirmed.clone(),
            events: events as i64,
            since: Instant::now(),
        }
    }

    /// A group is durable.
    pub(in crate::queue) fn confirmed(&self, unconfirmed: &Unconfirmed) {
        self.registered.confirm.observe(unconfirmed.since.elapsed().as_secs_f64());
    }

    pub(in crate::queue) fn state(&self, now: State) {
        for (state, gauge) in &self.states {
            gauge.set((*state == now).into());
        }
    }

    pub(in crate::queue) fn connect(&self, connected: bool) {
        if connected { self.connected.inc() } else { self.failed.inc() }
    }

    pub(in crate::queue) fn lost(&self, kind: LossKind) {
        if let Some((_, counter)) = self.losses.iter().find(|(known, _)| *known == kind) {
            counter.inc();
        }
    }
}

/// The events of one group, counted as unconfirmed until this is dropped.
#[derive(Debug)]
pub(in crate::queue) struct Unconfirmed {
    gauge: IntGauge,
    events: i64,
    since: Instant,
}

impl Drop for Unconfirmed {
    fn drop(&mut self) {
        self.gauge.sub(self.events);
    }
}
