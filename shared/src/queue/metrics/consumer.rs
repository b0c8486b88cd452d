//! What the consuming end measures.

use prometheus::Registry;

crate::metrics! {
    /// The consuming end's metrics; all consumers of a process share them.
    pub struct ConsumerMetrics {
        /// Attempts to connect to the broker for consuming, by queue (`inbox`, `dead`) and result (`connected`, `failed`).
        connects: IntCounterVec = "clerk_mirror_worker_queue_connects_total" { "queue", "result" },
        /// Connections for consuming that were given up, by queue (`inbox`, `dead`) and reason (`closed`: by the broker or the network, `cancelled`: the broker ended the consumer, `silent`: nothing came for so long that another broker was asked).
        losses: IntCounterVec = "clerk_mirror_worker_queue_connections_lost_total" { "queue", "reason" },
        /// Messages that came back from a worker that had not acknowledged them: it ended, or lost its connection.
        redelivered: IntCounter = "clerk_mirror_worker_queue_redelivered_total",
        /// Messages that were taken alone, because they had come back again and again from workers that did not acknowledge them.
        suspects: IntCounter = "clerk_mirror_worker_queue_suspects_total",
        /// Messages, not events, that wait in a queue (`inbox`, `dead`), without those that workers hold; NaN while nobody can tell.
        messages: GaugeVec = "clerk_mirror_queue_messages" { "queue" },
    }
}

/// What is consumed.
#[derive(Debug, Clone, Copy)]
pub(in crate::queue) enum Source {
    Inbox,
    DeadLetters,
}

impl Source {
    const ALL: [Self; 2] = [Self::Inbox, Self::DeadLetters];

    const fn label(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::DeadLetters => "dead",
        }
    }
}

/// Why a connection was given up.
#[derive(Debug, Clone, Copy)]
pub(in crate::queue) enum LossKind {
    Closed,
    Cancelled,
    Silent,
}

impl LossKind {
    const ALL: [Self; 3] = [Self::Closed, Self::Cancelled, Self::Silent];

    const fn label(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::Silent => "silent",
        }
    }
}

/// How many messages wait.
#[derive(Debug, Clone, Copy)]
pub(in crate::queue) struct Backlog {
    pub(in crate::queue) inbox: i64,
    pub(in crate::queue) dead: i64,
}

impl ConsumerMetrics {
    /// Makes the metrics, adds them to `registry`, and starts every series.
    pub fn start(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self::register(registry)?;
        for source in Source::ALL {
            for connected in [true, false] {
                metrics.connects.with_label_values(&[source.label(), result(connected)]);
            }
            for kind in LossKind::ALL {
                metrics.losses.with_label_values(&[source.label(), kind.label()]);
            }
        }
        metrics.backlog(None);
        Ok(metrics)
    }

    pub(in crate::queue) fn connect(&self, source: Source, connected: bool) {
        self.connects.with_label_values(&[source.label(), result(connected)]).inc();
    }

    pub(in crate::queue) fn lost(&self, source: Source, kind: LossKind) {
        self.losses.with_label_values(&[source.label(), kind.label()]).inc();
    }

    /// Messages came that had come before.
    pub(in crate::queue) fn redelivered(&self, messages: usize) {
        self.redelivered.inc_by(messages as u64);
    }

    /// A message was taken alone.
    pub(in crate::queue) fn suspect(&self) {
        self.suspects.inc();
    }

    /// So many messages wait, or nobody knows how many.
    pub(in crate::queue) fn backlog(&self, backlog: Option<Backlog>) {
        let inbox = backlog.map(|backlog| backlog.inbox);
        let dead = backlog.map(|backlog| backlog.dead);
        for (source, messages) in [(Source::Inbox, inbox), (Source::DeadLetters, dead)] {
            let messages = messages.map_or(f64::NAN, |messages| messages as f64);
            self.messages.with_label_values(&[source.label()]).set(messages);
        }
    }
}

const fn result(connected: bool) -> &'static str {
    if connected { "connected" } else { "failed" }
}
