//! How long to wait for a broker that says nothing.
//!
//! One that is gone is noticed at once. One that hangs, or whose network swallows everything, is not: and while deliveries wait
//! for it there may be others that work. But where all of them are slow nothing is gained by leaving one for the next: so haste is
//! tried once, and then not for a while.

use std::time::Duration;

use tokio::time::Instant;

use crate::queue::rabbitmq::CONNECT_TIMEOUT;

/// Much longer than a cluster needs to elect a leader.
const SILENCE: Duration = Duration::from_secs(3);
/// Much longer than a broker needs to let somebody in.
const CONNECTING: Duration = Duration::from_secs(2);
const NO_HASTE_FOR: Duration = Duration::from_secs(60);

/// What is known of how the brokers answer.
pub(super) struct Patience {
    brokers: usize,
    /// Attempts to connect since the last that succeeded.
    failures: usize,
    gave_up: Option<Instant>,
}

impl Patience {
    pub(super) fn new(brokers: usize) -> Self {
        Self { brokers, failures: 0, gave_up: None }
    }

    /// How long the next broker may take until it is ready for use.
    pub(super) fn with_connecting(&self) -> Duration {
        if self.failures + 1 < self.brokers { CONNECTING } else { CONNECT_TIMEOUT }
    }

    pub(super) fn cannot_connect(&mut self) {
        self.failures += 1;
    }

    pub(super) fn connected(&mut self) {
        self.failures = 0;
    }

    /// For how long a broker may answer nothing of what is on its way, if not for as long as each message may take.
    pub(super) fn with_silence(&self) -> Option<Duration> {
        let hasty = self.gave_up.is_none_or(|gave_up| gave_up.elapsed() > NO_HASTE_FOR);
        (self.brokers > 1 && hasty).then_some(SILENCE)
    }

    /// A broker was left because it did not confirm in time.
    pub(super) fn gave_up(&mut self) {
        self.gave_up = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_broker_has_all_the_time_there_is() {
        let patience = Patience::new(1);
        assert_eq!((patience.with_connecting(), patience.with_silence()), (CONNECT_TIMEOUT, None));
    }

    #[test]
    fn where_there_are_others_each_has_less_until_all_have_been_tried() {
        let mut patience = Patience::new(3);
        let mut waits = Vec::new();
        for _ in 0..4 {
            waits.push(patience.with_connecting());
            patience.cannot_connect();
        }
        assert_eq!(waits, [CONNECTING, CONNECTING, CONNECT_TIMEOUT, CONNECT_TIMEOUT]);
        patience.connected();
        assert_eq!(patience.with_connecting(), CONNECTING);
    }

    #[test]
    fn silence_is_left_in_haste_once_and_then_not_for_a_while() {
        let mut patience = Patience::new(2);
        assert_eq!(patience.with_silence(), Some(SILENCE));
        patience.gave_up();
        assert_eq!(patience.with_silence(), None);
        patience.gave_up = Instant::now().checked_sub(NO_HASTE_FOR * 2);
        assert_eq!(patience.with_silence(), Some(SILENCE));
    }
}
