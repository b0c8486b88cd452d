//! What was answered held against what is in the queue.

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

/// Fails unless everything accepted is in the queue, everything in the queue was sent and is there once, and every
/// other answer is one of those allowed.
#[track_caller]
pub fn settle(outcomes: &[Outcome], queued: &[Delivery], allowed: Allowed) {
    let mut wrong = Wrong::default();
    let mut held = HashSet::new();
    for delivery in queued {
        let id = &delivery.svix_id;
        match load::number(id).filter(|number| *number < outcomes.len()) {
            None => wrong.note("in the queue, never sent", id),
            Some(number) if !held.insert(number) => wrong.note("in the queue more than once", id),
            Some(number) if delivery.body != load::body(number) => wrong.note("not as it was sent", id),
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
        let in_queue = held.contains(&number) || (outcome.is_accepted() && number < allowed.deleted_below);
        if outcome.is_accepted() && !in_queue {
            wrong.note("accepted and lost", &id);
        } else if !allowed.contains(outcome) {
            wrong.note(&format!("not the answer to this fault: {answer}"), &id);
        }
        *counts.entry(format!("{answer}{}", if in_queue { "" } else { ", not queued" })).or_default() += 1;
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
