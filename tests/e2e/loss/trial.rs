//! An edge under load, to which a test does something.

use harness::{Outcome, Sender, Tally, wait_until};

use super::{
    account::{Allowed, settle},
    inbox::Inbox,
    load,
    vigil::Vigil,
};
use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, is_ready},
};

/// As many answers show that things are so, and not a single one by chance.
const SOME: usize = 300;
const A_FEW: usize = 20;

/// A running edge, a running load, and the queue.
pub struct Trial {
    backends: Backends,
    pub ingest: Ingest,
    pub inbox: Inbox,
    sender: Sender,
    allowed: Allowed,
}

impl Trial {
    /// Starts an edge, with settings besides those of the backends, and load; events have been accepted when it returns.
    pub fn start(backends: Backends, settings: &[(&str, &str)], allowed: Allowed) -> Self {
        let ingest = Ingest::start_unready(&backends, settings);
        wait_until("ingest is ready", PATIENCE, || is_ready(ingest.admin));
        let sender = load::start(ingest.address);
        let trial = Self { inbox: Inbox::new(backends.clone()), backends, ingest, sender, allowed };
        trial.until_accepted();
        trial
    }

    /// How the load stands.
    pub fn tally(&self) -> Tally {
        self.sender.tally()
    }

    /// Waits until some more events have been accepted.
    #[track_caller]
    pub fn until_accepted(&self) {
        let before = self.tally().accepted;
        wait_until("events are accepted", PATIENCE, || self.tally().accepted >= before + SOME);
    }

    /// Waits until a few more events have been refused.
    #[track_caller]
    pub fn until_refused(&self) {
        let before = self.tally().refused;
        wait_until("events are refused", PATIENCE, || self.tally().refused >= before + A_FEW);
    }

    /// Waits until the edge says that it cannot queue.
    #[track_caller]
    pub fn until_unready(&self) {
        wait_until("ingest is not ready", PATIENCE, || !is_ready(self.ingest.admin));
    }

    /// Waits until the edge says that it can queue.
    #[track_caller]
    pub fn until_ready(&self) {
        wait_until("ingest is ready", PATIENCE, || is_ready(self.ingest.admin));
    }

    /// Does something brief until it has made the edge not ready for however short a time.
    #[track_caller]
    pub fn until_it_makes_unready(&self, mut disturb: impl FnMut()) {
        let vigil = Vigil::over(self.ingest.admin);
        wait_until("ingest was not ready", PATIENCE, || {
            disturb();
            self.until_ready();
            vigil.saw_unready()
        });
    }

    /// Kills the edge while a request is in flight on every connection, and starts it again.
    #[track_caller]
    pub fn kill_edge(&mut self) {
        self.ingest.process.halt();
        wait_until("all wait for answers", PATIENCE, || self.tally().in_flight() == load::CONNECTIONS);
        self.ingest.restart(&self.backends);
    }

    /// From now on what was sent before may be gone: somebody has deleted it.
    pub fn forgive_what_was_sent(&mut self) {
        self.allowed.deleted_below = self.tally().sent;
    }

    /// Stops the load, then the edge, reads the queue out and settles the account.
    #[track_caller]
    pub fn finish(self) -> Vec<Outcome> {
        let Self { mut ingest, inbox, sender, allowed, .. } = self;
        let outcomes = sender.stop();
        ingest.process.terminate();
        let status = ingest.process.wait(PATIENCE);
        assert!(status.success(), "{status}; the log of ingest:\n{}", ingest.process.log_tail());
        settle(&outcomes, &inbox.take_all(), allowed);
        outcomes
    }
}
