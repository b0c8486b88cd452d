//! Watching for answers that never come.
//!
//! The server ends every statement that takes longer than its timeout. If even that answer does not come, something
//! between it and us holds the connection open and passes nothing on, and libpq would wait for ever.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// All calls under way.
#[derive(Debug, Default)]
pub(super) struct Vigil {
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    next: u64,
    /// When each heard from the server last, or began.
    heard: HashMap<u64, Instant>,
}

/// A call under way.
#[derive(Debug)]
pub(super) struct Call<'a> {
    vigil: &'a Vigil,
    number: u64,
}

impl Vigil {
    /// Watches over a call from now on until it is dropped.
    pub(super) fn begin(&self) -> Call<'_> {
        let mut calls = self.calls();
        let number = calls.next;
        calls.next += 1;
        calls.heard.insert(number, Instant::now());
        Call { vigil: self, number }
    }

    /// Whether a call has not heard from the server for longer than `patience`; then all are forgotten.
    pub(super) fn give_up(&self, patience: Duration) -> bool {
        let mut calls = self.calls();
        let given_up = calls.heard.values().any(|heard| heard.elapsed() > patience);
        if given_up {
            calls.heard.clear();
        }
        given_up
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// To be called whenever the server has answered.
    pub(super) fn heard(&self) {
        if let Some(heard) = self.vigil.calls().heard.get_mut(&self.number) {
            *heard = Instant::now();
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.vigil.calls().heard.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_that_is_under_way_and_has_heard_nothing_is_given_up() {
        let vigil = Vigil::default();
        assert!(!vigil.give_up(Duration::ZERO));
        drop(vigil.begin());
        assert!(!vigil.give_up(Duration::ZERO));
        let call = vigil.begin();
        assert!(!vigil.give_up(Duration::from_secs(3600)));
        assert!(vigil.give_up(Duration::ZERO));
        assert!(!vigil.give_up(Duration::ZERO), "it is forgotten");
        call.heard();
        assert!(!vigil.give_up(Duration::ZERO), "it stays forgotten");
    }
}
