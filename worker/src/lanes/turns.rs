//! Who may use a lane.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// The lanes of a worker.
pub(crate) struct LaneSet {
    count: usize,
    turns: Mutex<Arc<Turns>>,
    next: AtomicUsize,
}

/// The queues in front of the lanes: the next round's share of the same objects waits here, where it holds no transaction
/// open.
pub(super) struct Turns(Vec<Mutex<()>>);

impl LaneSet {
    /// So many lanes, at least one.
    pub(crate) fn new(count: usize) -> Self {
        let count = count.max(1);
        Self { count, turns: Mutex::new(Turns::new(count)), next: AtomicUsize::new(0) }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The lane for a round that is not split.
    pub(super) fn next(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.count
    }

    /// Where to wait for a lane now.
    pub(super) fn turns(&self) -> Arc<Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Leaves those that use lanes to themselves, whoever waits behind them included, unless that has been done already:
    /// the others get lanes that nobody uses.
    pub(super) fn give_up(&self, given_up: &Arc<Turns>) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&turns, given_up) {
            *turns = Turns::new(self.count);
        }
    }
}

impl Turns {
    fn new(count: usize) -> Arc<Self> {
        Arc::new(Self((0..count).map(|_| Mutex::default()).collect()))
    }

    /// Does something once it is our turn.
    pub(super) fn wait<T>(&self, lane: usize, work: impl FnOnce() -> T) -> T {
        let _turn = self.0[lane].lock().unwrap_or_else(PoisonError::into_inner);
        work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_never_ends_holds_nobody_up_once_given_up() {
        let lanes = LaneSet::new(2);
        let turns = lanes.turns();
        turns.wait(1, || {
            lanes.give_up(&turns);
            let renewed = lanes.turns();
            renewed.wait(1, || lanes.give_up(&turns));
            assert!(Arc::ptr_eq(&renewed, &lanes.turns()), "given up once");
        });
    }
}
