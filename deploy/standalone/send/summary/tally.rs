//! What one connection did. Each counts for itself, so that none waits for another.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::StatusCode;

use super::{
    super::{client::Failure, order::Delivery},
    latency::Latencies,
};

/// Counts of deliveries, requests and answers.
#[derive(Debug, Default)]
pub struct Tally {
    /// Distinct events sent.
    pub events: u64,
    /// Events sent a second time.
    pub duplicates: u64,
    /// Requests made.
    pub requests: u64,
    /// Requests that were not the first of their delivery.
    pub retries: u64,
    /// Answers by status code.
    pub answers: BTreeMap<u16, u64>,
    /// Requests without an answer, by what went wrong.
    pub errors: BTreeMap<&'static str, u64>,
    /// How long answers took.
    pub latencies: Latencies,
    lost: u64,
    /// Events whose first delivery failed; their second may yet have been accepted.
    doubtful: Vec<Arc<AtomicBool>>,
}

impl Tally {
    /// A delivery begins.
    pub fn begin(&mut self, delivery: &Delivery) {
        if delivery.repeated {
            self.duplicates += 1;
        } else {
            self.events += 1;
        }
    }

    /// A request was answered.
    pub fn answer(&mut self, status: StatusCode, latency: Duration) {
        *self.answers.entry(status.as_u16()).or_default() += 1;
        self.latencies.record(latency);
    }

    /// A request was not.
    pub fn fail(&mut self, failure: Failure) {
        *self.errors.entry(failure.kind()).or_default() += 1;
    }

    /// A delivery has failed for good.
    pub fn give_up(&mut self, delivery: &Delivery) {
        match &delivery.accepted {
            _ if delivery.repeated => {}
            Some(accepted) => self.doubtful.push(Arc::clone(accepted)),
            None => self.lost += 1,
        }
    }

    /// Events sent, none of whose deliveries was accepted. Final once all have ended.
    pub fn undelivered(&self) -> u64 {
        self.lost + self.doubtful.iter().filter(|accepted| !accepted.load(Ordering::Relaxed)).count() as u64
    }

    /// Adds what another connection did.
    pub fn merge(&mut self, other: Self) {
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.requests += other.requests;
        self.retries += other.retries;
        for (status, count) in other.answers {
            *self.answers.entry(status).or_default() += count;
        }
        for (kind, count) in other.errors {
            *self.errors.entry(kind).or_default() += count;
        }
        self.latencies.merge(&other.latencies);
        self.lost += other.lost;
        self.doubtful.extend(other.doubtful);
    }
}
