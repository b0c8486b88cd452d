//! What the edge measures.

use std::{
    array,
    sync::{Arc, OnceLock},
    time::Duration,
};

use prometheus::{IntCounter, IntGauge, Registry};
use shared::{queue::PublisherMetrics, signature::MAX_SECRETS};

use crate::answer::Answer;

shared::metrics! {
    /// The edge's metrics as they are registered.
    struct Registered {
        /// Requests answered, by outcome: `accepted`, or the code of the refusal as in the answer's body.
        requests: IntCounterVec = "clerk_mirror_ingest_requests_total" { "outcome" },
        /// Requests with a right signature, by the number of the secret that signed, counted from 0 in the order in which they are configured.
        verified: IntCounterVec = "clerk_mirror_ingest_verified_total" { "secret" },
        /// Time from the request's head to the acknowledgement of a durable event, in seconds.
        ack: Histogram = "clerk_mirror_ingest_ack_seconds"
            [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 2.0, 4.0, 8.0, 16.0],
        /// Requests to the endpoint that are being worked on.
        in_flight: IntGauge = "clerk_mirror_ingest_in_flight",
        /// Bytes of bodies held: of requests being read, and of events waiting to become durable.
        body_bytes: IntGauge = "clerk_mirror_ingest_body_bytes",
        /// Connections that are open.
        connections: IntGauge = "clerk_mirror_ingest_connections",
        /// Connections closed because their clients stalled where no answer can say so.
        connections_expired: IntCounter = "clerk_mirror_ingest_connections_expired_total",
        /// TLS handshakes that failed or took too long.
        tls_handshakes_failed: IntCounter = "clerk_mirror_ingest_tls_handshakes_failed_total",
        /// Times the TLS certificate's files had changed, by result (`reloaded`, `failed`: the one before stays).
        tls_reloads: IntCounterVec = "clerk_mirror_ingest_tls_reloads_total" { "result" },
    }
}

/// The edge's metrics, looked up once.
#[derive(Debug, Clone)]
pub struct Metrics {
    registered: Registered,
    /// What the queue measures of itself.
    pub(crate) queue: PublisherMetrics,
    /// In the order of [`Answer::ALL`].
    answers: Vec<(Answer, IntCounter)>,
    /// By the number of the secret. A series begins at the start, or when a secret that was added later is first used.
    verified: Arc<[OnceLock<IntCounter>; MAX_SECRETS]>,
}

impl Metrics {
    /// Makes the metrics and adds them to `registry`.
    ///
    /// The series of the first `secrets` secrets start at zero.
    pub fn register(registry: &Registry, secrets: usize) -> prometheus::Result<Self> {
        let registered = Registered::register(registry)?;
        let answers = Answer::ALL
            .into_iter()
            .map(|answer| (answer, registered.requests.with_label_values(&[answer.code()])))
            .collect();
        // All results are there from the start.
        for result in ["reloaded", "failed"] {
            registered.tls_reloads.with_label_values(&[result]);
        }
        let metrics = Self {
            registered,
            queue: PublisherMetrics::register(registry)?,
            answers,
            verified: Arc::new(array::from_fn(|_| OnceLock::new())),
        };
        for secret in 0..secrets {
            metrics.verified_by(secret);
        }
        Ok(metrics)
    }

    /// What connections are measured by.
    pub(crate) fn connections(&self) -> ConnectionMetrics {
        ConnectionMetrics {
            open: self.registered.connections.clone(),
            expired: self.registered.connections_expired.clone(),
        }
    }

    /// The account of bodies.
    pub(crate) fn body_bytes(&self) -> IntGauge {
        self.registered.body_bytes.clone()
    }

    /// What TLS is measured by.
    pub(crate) fn tls(&self) -> TlsMetrics {
        let reloads = |result| self.registered.tls_reloads.with_label_values(&[result]);
        TlsMetrics {
            handshakes_failed: self.registered.tls_handshakes_failed.clone(),
            reloaded: reloads("reloaded"),
            reload_failed: reloads("failed"),
        }
    }

    /// Counts a request whose signature is that of this secret.
    pub(crate) fn verified(&self, secret: usize) {
        if let Some(counter) = self.verified_by(secret) {
            counter.inc();
        }
    }

    fn verified_by(&self, secret: usize) -> Option<&IntCounter> {
        let series = || self.registered.verified.with_label_values(&[&secret.to_string()]);
        Some(self.verified.get(secret)?.get_or_init(series))
    }

    /// Counts a request as in flight until the guard is dropped, also when its sender goes away.
    pub(crate) fn enter(&self) -> InFlight {
        self.registered.in_flight.inc();
        InFlight(self.registered.in_flight.clone())
    }

    /// Counts an answer of the endpoint.
    pub(crate) fn answered(&self, answer: Answer, took: Duration) {
        if answer == Answer::Accepted {
            self.registered.ack.observe(took.as_secs_f64());
        }
        self.refused(answer);
    }

    /// Counts an answer that took no work.
    pub(crate) fn refused(&self, answer: Answer) {
        if let Some((_, counter)) = self.answers.iter().find(|(known, _)| *known == answer) {
            counter.inc();
        }
    }
}

/// What is measured of connections.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionMetrics {
    pub(crate) open: IntGauge,
    pub(crate) expired: IntCounter,
}

/// What is measured of TLS.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nothing of TLS is there to be measured"))]
pub(crate) struct TlsMetrics {
    pub(crate) handshakes_failed: IntCounter,
    pub(crate) reloaded: IntCounter,
    pub(crate) reload_failed: IntCounter,
}

/// One request in flight.
pub(crate) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
