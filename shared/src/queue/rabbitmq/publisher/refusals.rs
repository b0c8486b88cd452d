//! What to do about a channel that does nothing but refuse.
//!
//! A full queue refuses, and takes messages again once there is room. But there is also a channel that refuses for as long
//! as it lives: RabbitMQ 3.10 gives one that publishes for the first time while the queue has just lost its leader no chance
//! to learn who leads now. From outside they look the same. So while everything is refused, other channels are tried.

use std::{future::pending, time::Duration};

use tokio::time::{Instant, sleep_until};

use crate::lifecycle::Backoff;

/// From one channel to the next while everything is refused: an election takes about a second, a full queue longer.
const AT_FIRST: Duration = Duration::from_millis(100);
const IN_THE_END: Duration = Duration::from_secs(5);

/// The refusals since the last message that was taken.
pub(super) struct Refusals {
    backoff: Backoff,
    /// When to try another channel.
    due: Option<Instant>,
    in_a_row: bool,
}

impl Refusals {
    pub(super) fn new() -> Self {
        Self { backoff: Backoff::new(AT_FIRST, IN_THE_END), due: None, in_a_row: false }
    }

    /// The broker has refused a message.
    pub(super) fn refused(&mut self) {
        if !self.in_a_row {
            tracing::warn!("the queue refuses messages");
        }
        self.in_a_row = true;
        if self.due.is_none() {
            self.due = Some(Instant::now() + self.backoff.next_delay());
        }
    }

    /// The broker has taken a message.
    pub(super) fn taken(&mut self) {
        if self.in_a_row {
            tracing::info!("the queue takes messages again");
            *self = Self::new();
        }
    }

    /// Waits until it is time to try another channel, which is never unless one refuses.
    pub(super) async fn due(&mut self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => pending().await,
        }
        // The next one gets as much time only once it has refused too.
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn another_channel_is_due_some_time_after_a_refusal_and_once_for_each() {
        let mut refusals = Refusals::new();
        assert!(refusals.due().now_or_never().is_none());
        refusals.refused();
        assert!(refusals.due().now_or_never().is_none());
        refusals.due().await;
        assert!(refusals.due().now_or_never().is_none());
        refusals.refused();
        assert!(refusals.due.unwrap() > Instant::now());
    }

    #[tokio::test]
    async fn what_is_taken_ends_it() {
        let mut refusals = Refusals::new();
        for _ in 0..3 {
            refusals.refused();
            refusals.due().await;
        }
        refusals.refused();
        refusals.taken();
        assert!(refusals.due.is_none());
        refusals.refused();
        assert!(refusals.due.unwrap() <= Instant::now() + AT_FIRST);
    }
}
