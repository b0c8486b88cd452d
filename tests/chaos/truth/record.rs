//! Every event that was sent, with every attempt.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::attempt::{Answer, Attempt};
use crate::oracle::event::Event;

/// An event and the attempts to deliver it.
pub struct Sent {
    pub event: Event,
    pub attempts: Vec<Attempt>,
}

impl Sent {
    /// Whether any attempt was accepted.
    pub fn is_accepted(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.answer == Answer::Accepted)
    }
}

/// How things stand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Events that were sent, or are being sent.
    pub events: usize,
    /// Those that have been accepted.
    pub accepted: usize,
    pub requests: usize,
}

/// What is known in the end.
#[derive(Default)]
pub struct Truth {
    /// In the order in which they were first sent.
    pub sent: Vec<Sent>,
    /// Requests that nobody may believe, by what was answered.
    pub forged: Vec<Attempt>,
    pub requests: usize,
}

impl Truth {
    /// The attempts of all events.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.sent.iter().flat_map(|sent| &sent.attempts)
    }

    /// How often each answer was given to genuine requests.
    pub fn answers(&self) -> BTreeMap<String, usize> {
        let mut answers = BTreeMap::new();
        for attempt in self.attempts() {
            *answers.entry(attempt.answer.to_string()).or_default() += 1;
        }
        answers
    }

    /// Requests beyond the first of an event that was accepted then or before.
    pub fn duplicates(&self) -> usize {
        let again = |sent: &Sent| {
            let first = sent.attempts.iter().position(|attempt| attempt.answer == Answer::Accepted);
            first.map_or(0, |first| sent.attempts.len() - first - 1)
        };
        self.sent.iter().map(again).sum()
    }
}

/// Takes down what happens.
#[derive(Default)]
pub struct Record(Mutex<(Truth, Tally)>);

impl Record {
    /// A new event; returns its number.
    pub fn begin(&self, event: Event) -> usize {
        let (truth, tally) = &mut *self.lock();
        truth.sent.push(Sent { event, attempts: Vec::new() });
        tally.events += 1;
        truth.sent.len() - 1
    }

    /// An attempt to deliver an event; returns whether the event has been accepted by now.
    pub fn attempted(&self, number: usize, attempt: Attempt) -> bool {
        let (truth, tally) = &mut *self.lock();
        let sent = &mut truth.sent[number];
        let accepted = sent.is_accepted();
        sent.attempts.push(attempt);
        tally.requests += 1;
        tally.accepted += usize::from(!accepted && sent.is_accepted());
        sent.is_accepted()
    }

    /// An attempt to deliver a forgery.
    pub fn forged(&self, attempt: Attempt) {
        self.lock().0.forged.push(attempt);
    }

    /// Looks at an event.
    pub fn of<T>(&self, number: usize, look: impl FnOnce(&Event) -> T) -> T {
        look(&self.lock().0.sent[number].event)
    }

    pub fn tally(&self) -> Tally {
        self.lock().1
    }

    pub fn take(&self) -> Truth {
        let (truth, tally) = std::mem::take(&mut *self.lock());
        Truth { requests: tally.requests, ..truth }
    }

    fn lock(&self) -> MutexGuard<'_, (Truth, Tally)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
