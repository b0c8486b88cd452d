//! When requests are due.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::{Duration, Instant, sleep_until};

/// Gives every request its time by the clock, however long those before it take.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    interval: Option<Duration>,
    given: AtomicU64,
}

impl Pace {
    /// So many a second from now on; as fast as it goes if there is no rate.
    pub fn new(rate: Option<f64>) -> Self {
        let interval = rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
        Self { start: Instant::now(), interval, given: AtomicU64::new(0) }
    }

    /// Waits until the next request is due; not at all if it was due before.
    pub async fn wait(&self) {
        if let Some(due) = self.next() {
            sleep_until(due).await;
        }
    }

    fn next(&self) -> Option<Instant> {
        let interval = self.interval?;
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        Some(self.start + interval.mul_f64(number as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_even_distances_from_the_start() {
        let pace = Pace::new(Some(4.0));
        for number in 0..10 {
            assert_eq!(pace.next(), Some(pace.start + Duration::from_millis(250) * number));
        }
        assert_eq!(Pace::new(None).next(), None);
    }
}
