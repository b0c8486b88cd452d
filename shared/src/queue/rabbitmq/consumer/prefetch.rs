//! How many messages to let come at once.
//!
//! The broker counts messages, but one may hold a single small event, or dozens, or one of many kilobytes. So what comes is
//! measured: enough of it is to be there that nobody waits for the network, and no more than fits into memory.

/// Before anything is known.
const AT_FIRST: u16 = 64;
/// What is in hand counts too: two batches, one that is being acknowledged, and one to come.
const BATCHES: usize = 4;
/// As many bytes of bodies as may be held ready, as they are on the wire.
const BYTES: usize = 8 << 20;
/// Grows at most so many times at once.
const STEP: usize = 4;

/// The number of messages that suits those that come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefetch {
    /// Events taken at once.
    batch: usize,
    messages: u16,
}

/// Some messages that came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    pub(super) messages: usize,
    pub(super) events: usize,
    pub(super) bytes: usize,
}

impl Prefetch {
    /// For batches of so many events.
    pub(super) fn new(batch: usize) -> Self {
        Self { batch, messages: clamp(BATCHES * batch).min(AT_FIRST) }
    }

    pub(super) fn messages(self) -> u16 {
        self.messages
    }

    /// What suits messages like these; what comes about as close stays. It grows by steps: a few small messages may stand in
    /// front of many large ones.
    pub(super) fn fit(&mut self, Sample { messages, events, bytes }: Sample) {
        let enough = BATCHES * self.batch * messages / events.max(1);
        let affordable = BYTES * messages / bytes.max(1);
        let now = usize::from(self.messages);
        let fitting = enough.min(affordable);
        if !(now.div_ceil(2)..=now * 2).contains(&fitting) {
            self.messages = clamp(fitting.min(now * STEP));
        }
    }
}

/// Two at least: one is in hand while the next one comes.
fn clamp(messages: usize) -> u16 {
    u16::try_from(messages).unwrap_or(u16::MAX).max(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(batch: usize, sample: Sample) -> u16 {
        let mut prefetch = Prefetch::new(batch);
        (0..8).for_each(|_| prefetch.fit(sample));
        prefetch.messages()
    }

    #[test]
    fn what_holds_little_comes_in_numbers_and_what_holds_much_does_not() {
        assert_eq!(fitted(1000, Sample { messages: 10, events: 10, bytes: 10_000 }), 4000);
        assert_eq!(fitted(1000, Sample { messages: 10, events: 300, bytes: 100_000 }), 133);
        assert_eq!(fitted(1000, Sample { messages: 10, events: 10, bytes: 3_500_000 }), 23);
        assert_eq!(fitted(8, Sample { messages: 1, events: 64, bytes: 1 << 24 }), 2);
    }

    #[test]
    fn it_grows_by_steps() {
        let mut prefetch = Prefetch::new(1000);
        let small = Sample { messages: 10, events: 10, bytes: 10_000 };
        for expected in [256, 1024, 4000, 4000] {
            prefetch.fit(small);
            assert_eq!(prefetch.messages(), expected);
        }
    }

    #[test]
    fn it_stays_for_what_is_about_the_same() {
        let mut prefetch = Prefetch::new(1000);
        for events in [60, 40, 60, 100] {
            prefetch.fit(Sample { messages: 1, events, bytes: 1000 });
            assert_eq!(prefetch.messages(), 64);
        }
    }
}
