//! How soon after a disturbance things go on.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::tenths;
use crate::{
    fault::Disturbance,
    truth::{Answer, Truth},
};

/// How long it took until the next event, after which disturbance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recovery {
    pub seconds: f64,
    /// The moment of the run at which the disturbance ended.
    ended_at: f64,
    faults: Vec<String>,
}

/// When events were accepted, in order.
pub fn accepted(truth: &Truth) -> Vec<Duration> {
    let accepted = truth.attempts().filter(|attempt| attempt.answer == Answer::Accepted);
    let mut moments: Vec<_> = accepted.map(|attempt| attempt.answered).collect();
    moments.sort_unstable();
    moments
}

/// The longest time from the end of a disturbance to the next of these moments, which are in order. A disturbance after
/// which nothing is left to happen tells nothing.
pub fn slowest(disturbances: &[Disturbance], moments: &[Duration]) -> Option<Recovery> {
    let recovery = |disturbance: &Disturbance| {
        let next = moments.get(moments.partition_point(|&moment| moment <= disturbance.ended))?;
        Some((*next - disturbance.ended, disturbance.clone()))
    };
    let (time, disturbance) = disturbances.iter().filter_map(recovery).max_by_key(|(time, _)| *time)?;
    Some(Recovery {
        seconds: (time.as_secs_f64() * 1000.0).round() / 1000.0,
        ended_at: tenths(disturbance.ended),
        faults: disturbance.faults.iter().map(|done| done.fault.to_string()).collect(),
    })
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, ended_at, faults } = self;
        write!(f, "at most {seconds:.2} s after a disturbance, at {ended_at:.0} s ({})", faults.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Done, Fault};

    #[test]
    fn the_slowest_recovery_is_after_the_longest_wait_for_the_next_moment() {
        let seconds = Duration::from_secs;
        let disturbance = |began, ended| {
            let (began, ended) = (seconds(began), seconds(ended));
            Disturbance { faults: vec![Done { fault: Fault::MemoryAlarm, began, ended }], ended }
        };
        let disturbances = [disturbance(1, 3), disturbance(5, 6), disturbance(20, 30)];
        let moments = [2, 4, 9, 10].map(seconds);
        let slowest = slowest(&disturbances, &moments).unwrap();
        assert_eq!((slowest.seconds, slowest.ended_at), (3.0, 6.0));
        assert_eq!(super::slowest(&disturbances, &[]), None);
    }
}
