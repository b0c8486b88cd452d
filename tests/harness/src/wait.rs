//! Waiting for a condition: the only way a test may wait.

use std::thread;
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(10);

/// Polls `condition` until it holds.
///
/// # Panics
/// With `what` when it does not hold within `deadline`.
#[track_caller]
pub fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < deadline, "not within {deadline:?}: {what}");
        thread::sleep(STEP);
    }
}

/// [`wait_until`] for async tests.
///
/// # Panics
/// With `what` when it does not hold within `deadline`.
pub async fn wait_until_async(what: &str, deadline: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let poll = async {
        while !condition().await {
            tokio::time::sleep(STEP).await;
        }
    };
    let held = tokio::time::timeout(deadline, poll).await;
    assert!(held.is_ok(), "not within {deadline:?}: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_once_the_condition_holds() {
        let mut polls = 0;
        wait_until("the third poll", Duration::from_secs(10), || {
            polls += 1;
            polls == 3
        });
        assert_eq!(polls, 3);
    }

    #[test]
    #[should_panic(expected = "not within 0ns: pigs fly")]
    fn says_what_it_waited_for() {
        wait_until("pigs fly", Duration::ZERO, || false);
    }

    #[tokio::test]
    async fn async_returns_once_the_condition_holds() {
        let mut polls = 0;
        wait_until_async("the third poll", Duration::from_secs(10), async || {
            polls += 1;
            polls == 3
        })
        .await;
        assert_eq!(polls, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "not within 0ns: pigs fly")]
    async fn async_says_what_it_waited_for() {
        wait_until_async("pigs fly", Duration::ZERO, async || false).await;
    }
}
