//! How long to wait before trying again.

use std::time::Duration;

/// Waits that double from `min` to `max`, each drawn between half and the whole of it, so that many processes
/// that lost the same server do not come back in step.
#[derive(Debug, Clone)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
}

impl Backoff {
    /// Waits from `min` up to `max`.
    pub const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, next: min }
    }

    /// What every reconnect in this program uses: 100 ms up to 2 s.
    pub const fn reconnect() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(2))
    }

    /// The next wait.
    pub fn next_delay(&mut self) -> Duration {
        let ceiling = self.next;
        self.next = (ceiling * 2).min(self.max);
        ceiling.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// Begins anew after a success.
    pub fn reset(&mut self) {
        self.next = self.min;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_maximum_and_begin_anew() {
        let mut backoff = Backoff::reconnect();
        for ceiling in [100, 200, 400, 800, 1600, 2000, 2000] {
            let delay = backoff.next_delay();
            assert!(delay <= Duration::from_millis(ceiling) && delay >= Duration::from_millis(ceiling / 2));
        }
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_millis(100));
    }
}
