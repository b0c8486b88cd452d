//! How long answers took, in bounded memory.

use std::time::Duration;

/// Each power of two is divided into so many steps: no value is off by more than 1.6 %.
const STEPS: u64 = 64;

/// A histogram of durations, in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    counts: Vec<u64>,
    total: u64,
    longest: u64,
}

impl Latencies {
    /// Counts one.
    pub fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let step = step_of(micros);
        if step >= self.counts.len() {
            self.counts.resize(step + 1, 0);
        }
        self.counts[step] += 1;
        self.total += 1;
        self.longest = self.longest.max(micros);
    }

    /// Counts all of another.
    pub fn merge(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
    }

    /// So many percent took no longer; none if nothing was counted.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        let rank = ((self.total as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut seen = 0;
        let step = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(Duration::from_micros(highest_of(step).min(self.longest)))
    }

    /// The longest; none if nothing was counted.
    pub fn max(&self) -> Option<Duration> {
        (self.total > 0).then(|| Duration::from_micros(self.longest))
    }
}

fn step_of(micros: u64) -> usize {
    // Numbers below two times STEPS have a step each; above, a step is as wide as the shift says.
    let shift = (micros | STEPS).ilog2() - STEPS.ilog2();
    (u64::from(shift) * STEPS + (micros >> shift)) as usize
}

/// The greatest number of a step.
fn highest_of(step: usize) -> u64 {
    let step = step as u64;
    let shift = (step / STEPS).saturating_sub(1);
    let first = step - shift * STEPS;
    ((first + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_lies_in_its_step() {
        let mut last = 0;
        for micros in (0..5_000).chain((5_000..100_000_000).step_by(9_973)) {
            let step = step_of(micros);
            assert!(step >= last, "{micros}");
            last = step;
            let highest = highest_of(step);
            assert!(highest >= micros && highest - micros <= micros / STEPS, "{micros}: {highest}");
        }
    }

    #[test]
    fn percentiles_are_those_of_all_that_was_counted() {
        let mut all = Latencies::default();
        assert_eq!((all.percentile(50.0), all.max()), (None, None));
        let mut slow = Latencies::default();
        for millis in 1..=90 {
            all.record(Duration::from_millis(millis));
        }
        for millis in 91..=100 {
            slow.record(Duration::from_millis(millis));
        }
        all.merge(&slow);
        for (percent, millis) in [(1.0, 1.0), (50.0, 50.0), (90.0, 90.0), (99.0, 99.0)] {
            let found = all.percentile(percent).unwrap().as_secs_f64() * 1_000.0;
            assert!((found - millis).abs() <= millis * 0.016, "p{percent}: {found}");
        }
        assert_eq!(all.percentile(100.0), Some(Duration::from_millis(100)));
        assert_eq!(all.max(), Some(Duration::from_millis(100)));
    }
}
