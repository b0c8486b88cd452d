//! What became of a run.

mod latency;
mod tally;

pub use tally::Tally;

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

/// What was sent, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Distinct events that were to be sent.
    pub planned: u64,
    /// Distinct events that were sent.
    pub events: u64,
    /// Of those, the ones no delivery of which was answered 2xx.
    pub undelivered: u64,
    /// Events that were sent a second time.
    pub duplicates: u64,
    /// All requests, retries and duplicates with them.
    pub requests: u64,
    /// Requests that tried again what had failed.
    pub retries: u64,
    /// Answers by status code.
    pub answers: BTreeMap<u16, u64>,
    /// Requests without an answer, by what went wrong.
    pub errors: BTreeMap<&'static str, u64>,
    /// How long it took.
    pub seconds: f64,
    /// Requests per second.
    pub rate: f64,
    /// How long answers took; none if there was none.
    pub latency: Option<Latency>,
}

/// How long answers took, from the first byte sent to the last received, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half took no longer.
    pub p50_ms: f64,
    /// Nine in ten took no longer.
    pub p90_ms: f64,
    /// Ninety-nine in a hundred took no longer.
    pub p99_ms: f64,
    /// None took longer.
    pub max_ms: f64,
}

impl Summary {
    /// Sums up what all connections did.
    pub fn new(planned: u64, tally: &Tally, elapsed: Duration) -> Self {
        let seconds = elapsed.as_secs_f64();
        Self {
            planned,
            events: tally.events,
            undelivered: tally.undelivered(),
            duplicates: tally.duplicates,
            requests: tally.requests,
            retries: tally.retries,
            answers: tally.answers.clone(),
            errors: tally.errors.clone(),
            seconds,
            rate: if seconds > 0.0 { tally.requests as f64 / seconds } else { 0.0 },
            latency: latency(tally),
        }
    }

    /// Whether every event there was to send has been sent and answered 2xx.
    pub fn is_complete(&self) -> bool {
        self.events == self.planned && self.undelivered == 0
    }
}

fn latency(tally: &Tally) -> Option<Latency> {
    let millis = |duration: Duration| duration.as_secs_f64() * 1_000.0;
    Some(Latency {
        p50_ms: millis(tally.latencies.percentile(50.0)?),
        p90_ms: millis(tally.latencies.percentile(90.0)?),
        p99_ms: millis(tally.latencies.percentile(99.0)?),
        max_ms: millis(tally.latencies.max()?),
    })
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "sent      {} of {} events in {:.2} s: {} requests ({} duplicates, {} retries), {:.0} a second",
            self.events, self.planned, self.seconds, self.requests, self.duplicates, self.retries, self.rate
        )?;
        writeln!(f, "answers   {}", list(&self.answers))?;
        writeln!(f, "errors    {}", list(&self.errors))?;
        if let Some(latency) = &self.latency {
            writeln!(
                f,
                "latency   p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
                latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.max_ms
            )?;
        }
        match self.undelivered {
            0 => writeln!(f, "delivered every event that was sent"),
            lost => writeln!(f, "delivered all but {lost} of the events that were sent"),
        }
    }
}

fn list<K: fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    counts.iter().map(|(what, count)| format!("{what}: {count}")).collect::<Vec<_>>().join(", ")
}
