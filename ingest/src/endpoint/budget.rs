//! How many bytes of bodies the process holds.

use prometheus::IntGauge;

use crate::answer::Answer;

/// One budget for the bodies of all requests: those being read, and those waiting to become durable.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    limit: i64,
    /// The account itself, so that the metric is what is decided by.
    held: IntGauge,
}

impl Budget {
    pub(crate) fn new(bytes: u32, held: IntGauge) -> Self {
        Self { limit: bytes.into(), held }
    }

    /// A share that grows with a body.
    pub(crate) fn share(&self) -> Share<'_> {
        Share { budget: self, bytes: 0 }
    }
}

/// What one request holds, given back when it is dropped.
pub(crate) struct Share<'a> {
    budget: &'a Budget,
    bytes: i64,
}

impl Share<'_> {
    /// Takes more of the budget.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Answer> {
        // A piece is at most a connection's buffer long.
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.bytes += bytes;
        self.budget.held.add(bytes);
        // Threads that reach the limit together may all be refused, but none gets past it.
        if self.budget.held.get() > self.budget.limit { Err(Answer::Overloaded) } else { Ok(()) }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.held.sub(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_given_back_when_they_are_dropped() {
        let budget = Budget::new(10, IntGauge::new("held", "held").unwrap());
        let (mut first, mut second) = (budget.share(), budget.share());
        assert_eq!(first.grow(4), Ok(()));
        assert_eq!(second.grow(6), Ok(()));
        assert_eq!(first.grow(1), Err(Answer::Overloaded));
        drop(first);
        assert_eq!(second.grow(4), Ok(()));
        drop(second);
        assert_eq!(budget.held.get(), 0);
    }
}
