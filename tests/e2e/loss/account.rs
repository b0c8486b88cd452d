//! What was answered held against what is there.

use std::collections::{BTreeMap, HashSet};

use harness::Outcome;
use shared::delivery::Delivery;

use super::load;

/// What a fault may lead to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowed {
    /// Codes of refusals.
    pub codes: &'static [&'static str],
    /// Whether requests may stay without an answer.
    pub unanswered: bool,
    /// Events below this number may be gone although they were accepted: an operator has deleted them.
    pub deleted_below: usize,
}

/// An event where events are kept.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    pub svix_id: &'a str,
    /// Whether it is as it was sent.
    pub is_intact: bool,
}

impl<'a> From<&'a Delivery> for Found<'a> {
    fn from(Delivery { svix_id, body, .. }: &'a Delivery) -> Self {
        let is_intact = load::number(svix_id).is_some_and(|number| *body == load::body(number));
        Self { svix_id, is_intact }
    }
}

/// Fails unless everything accepted has been found, everything found was sent and is there once, and every other answer
/// is one of those allowed.
#[track_caller]
pub fn settle<'a>(outcomes: &[Outcome], found: impl IntoIterator<Item: Into<Found<'a>>>, allowed: Allowed) {
    let mut wrong = Wrong::default();
    let mut held = HashSet::new();
    for Found { svix_id, is_intact } in found.into_iter().map(Into::into) {
        match load::number(svix_id).filter(|number| *number < outcomes.len()) {
            None => wrong.note("there, never sent", svix_id),
            Some(number) if !held.insert(number) => wrong.note("there more than once", svix_id),
            Some(_) if !is_intact => wrong.note("not as it was sent", svix_id),
            Some(_) => {}
        }
    }
    let mut counts = BTreeMap::<String, usize>::new();
    for (number, outcome) in outcomes.iter().enumerate() {
        let id = load::svix_id(number);
        let answer = match outcome {
            Outcome::Answered { status, body } => format!("{status} {body}"),
            Outcome::Unanswered => "no answer".to_owned(),
        };
        let is_there = held.contains(&number) || (outcome.is_accepted() && number < allowed.deleted_below);
        if outcome.is_accepted() && !is_there {
            wrong.note("accepted and lost", &id);
        } else if !allowed.contains(outcome) {
            wrong.note(&format!("not the answer to this fault: {answer}"), &id);
        }
        *counts.entry(format!("{answer}{}", if is_there { "" } else { ", not there" })).or_default() += 1;
    }
    eprintln!("{counts:#?}");
    assert!(wrong.0.is_empty(), "{wrong}");
}

impl Allowed {
    fn contains(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Answered { status: 503, body } => {
                self.codes.iter().any(|code| *body == format!(r#"{{"error":"{code}"}}"#))
            }
            Outcome::Answered { .. } => outcome.is_accepted(),
            Outcome::Unanswered => self.unanswered,
        }
    }
}

/// What is wrong, and with which events.
#[derive(Default)]
struct Wrong(BTreeMap<String, Vec<String>>);

impl Wrong {
    fn note(&mut self, what: &str, svix_id: &str) {
        self.0.entry(what.to_owned()).or_default().push(svix_id.to_owned());
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (what, events) in &self.0 {
            writeln!(f, "{what}: {} events, such as {:?}", events.len(), &events[..events.len().min(5)])?;
        }
        Ok(())
    }
}
