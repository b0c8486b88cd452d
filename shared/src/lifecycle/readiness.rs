//! Whether the process can do its work now, and if not, why.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Every condition that must hold for the process to be ready.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    shut: AtomicBool,
    /// Name of the check to what it waits for; `None` where it is fine.
    checks: Mutex<BTreeMap<String, Option<Cow<'static, str>>>>,
}

/// What `/readyz` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether every check is fine and the process is not stopping.
    pub ready: bool,
    /// Each check with what it waits for.
    pub checks: Vec<(String, Option<Cow<'static, str>>)>,
}

impl Readiness {
    /// Adds a condition; it does not hold until [`Check::pass`] is called.
    pub fn check(&self, name: impl Into<String>) -> Check {
        let check = Check { name: name.into(), readiness: self.clone() };
        check.fail("starting");
        check
    }

    /// Turns readiness false for good: the process is stopping.
    pub fn shut(&self) {
        self.0.shut.store(true, Ordering::SeqCst);
    }

    /// Whether the process is stopping.
    pub fn is_shut(&self) -> bool {
        self.0.shut.load(Ordering::SeqCst)
    }

    /// How things stand.
    pub fn report(&self) -> Report {
        let mut checks: Vec<_> =
            self.lock().iter().map(|(name, state)| (name.clone(), state.clone())).collect();
        if self.is_shut() {
            checks.push(("process".to_owned(), Some("stopping".into())));
        }
        // A process of which nobody has said anything yet has not started.
        Report { ready: !checks.is_empty() && checks.iter().all(|check| check.1.is_none()), checks }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Option<Cow<'static, str>>>> {
        self.0.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One condition of readiness, held by the part that knows whether it is met.
#[derive(Debug)]
pub struct Check {
    name: String,
    readiness: Readiness,
}

impl Check {
    /// The condition holds.
    pub fn pass(&self) {
        if self.set(None) {
            tracing::info!(check = self.name, "ready");
        }
    }

    /// The condition does not hold, for this reason.
    pub fn fail(&self, reason: impl Into<Cow<'static, str>>) {
        self.set(Some(reason.into()));
    }

    fn set(&self, state: Option<Cow<'static, str>>) -> bool {
        let passes = state.is_none();
        let before = self.readiness.lock().insert(self.name.clone(), state);
        passes && before.flatten().is_some()
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        self.fail("ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_once_every_check_passes_and_never_again_after_the_shutdown() {
        let readiness = Readiness::default();
        assert!(!readiness.report().ready);
        let (queue, database) = (readiness.check("queue"), readiness.check("database"));
        assert!(!readiness.report().ready);
        queue.pass();
        assert!(!readiness.report().ready);
        database.pass();
        assert!(readiness.report().ready);
        queue.fail("connection refused");
        assert_eq!(
            readiness.report().checks,
            [("database".to_owned(), None), ("queue".to_owned(), Some("connection refused".into()))]
        );
        queue.pass();
        readiness.shut();
        assert!(!readiness.report().ready);
    }

    #[test]
    fn a_part_that_is_gone_is_not_ready() {
        let readiness = Readiness::default();
        let queue = readiness.check("queue");
        queue.pass();
        drop(queue);
        assert!(!readiness.report().ready);
    }
}
