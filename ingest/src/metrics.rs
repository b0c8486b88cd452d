//! What the edge measures.

use std::{
    array,
    sync::{Arc, OnceLock},
    time::Duration,
};

use prometheus::{IntCounter, IntGauge, Registry};
use shared::signature::MAX_SECRETS;

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
    }
}

/// The edge's metrics, looked up once.
#[derive(Debug, Clone)]
pub struct Metrics {
    registered: Registered,
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
        let metrics = Self { registered, answers, verified: Arc::new(array::from_fn(|_| OnceLock::new())) };
        for secret in 0..secrets {
            metrics.verified_by(secret);
        }
        Ok(metrics)
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

/// One request in flight.
pub(crate) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
