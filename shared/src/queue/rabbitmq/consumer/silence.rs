//! How long nothing may come until another broker is asked.
//!
//! In a cluster a quorum queue delivers through its member on the node that the consumer is connected to. A member that does
//! not keep up delivers nothing, with RabbitMQ 3.10 for minutes after a partition, and what the queue has meant for this
//! consumer waits there, counted by nobody. All looks as if there were no events.

use std::time::Duration;

const AT_FIRST: Duration = Duration::from_secs(20);
/// Where nothing happens at night, a connection now and then.
const LONGEST: Duration = Duration::from_secs(600);

/// For how long to wait for a message; for ever where there is one broker only.
pub(super) struct Silence(Option<Duration>);

impl Silence {
    /// With so many brokers.
    pub(super) fn among(brokers: usize) -> Self {
        Self((brokers > 1).then_some(AT_FIRST))
    }

    pub(super) fn patience(&self) -> Duration {
        self.0.unwrap_or(Duration::MAX)
    }

    /// Another broker is asked. If that one has nothing either, there is less reason to ask the next.
    pub(super) fn broken(&mut self) {
        self.0 = self.0.map(|patience| (patience * 2).min(LONGEST));
    }

    /// Something went wrong: members may be behind.
    pub(super) fn suspicious(&mut self) {
        self.0 = self.0.map(|_| AT_FIRST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_ever_longer_until_something_goes_wrong() {
        let mut silence = Silence::among(2);
        let mut seconds = || {
            let patience = silence.patience();
            silence.broken();
            patience.as_secs()
        };
        assert_eq!([(); 7].map(|()| seconds()), [20, 40, 80, 160, 320, 600, 600]);
        silence.suspicious();
        assert_eq!(silence.patience(), AT_FIRST);
    }

    #[test]
    fn a_single_broker_is_waited_for() {
        let mut silence = Silence::among(1);
        silence.suspicious();
        assert_eq!(silence.patience(), Duration::MAX);
    }
}
