//! Which answers may be given at all, and which must be.

use std::collections::BTreeSet;

use crate::{
    fault::{Drift, Fault, History, Part},
    truth::{Answer, Attempt, Truth},
};

/// Refusals that say that something is wrong where the event should go, or on its way. The event comes again.
const OF_A_FAULT: [&str; 7] = [
    "queue_unavailable",
    "queue_blocked",
    "queue_refused",
    "queue_timeout",
    "overloaded",
    "body_timeout",
    "body_unreadable",
];

/// Answers that are none of those.
pub fn wrong(truth: &Truth) -> Vec<String> {
    let genuine = truth.sent.iter().flat_map(|sent| {
        let unexpected = sent.attempts.iter().filter(|attempt| !is_expected(attempt));
        unexpected.map(|attempt| format!("not an answer to {}: {attempt}", sent.event.svix_id))
    });
    let forged = truth.forged.iter().filter(|attempt| !is_expected_of_a_forgery(attempt));
    genuine.chain(forged.map(|attempt| format!("not an answer to a forgery: {attempt}"))).collect()
}

/// Faults that nobody felt: they cannot have been what they are meant to be.
pub fn unfelt(truth: &Truth, history: &History) -> Vec<String> {
    let answers = truth.answers();
    let unfelt = history.done().filter_map(|done| {
        let answer = answer_to(done.fault).filter(|answer| !answers.contains_key(*answer))?;
        Some(format!("{}: no request was answered with {answer}", done.fault.kind()))
    });
    unfelt.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What some requests must be answered with if this happens.
fn answer_to(fault: Fault) -> Option<&'static str> {
    Some(match fault {
        Fault::MemoryAlarm | Fault::DiskAlarm => "503 queue_blocked",
        Fault::QueueFull => "503 queue_refused",
        Fault::Killed(Part::Broker) | Fault::Stopped(Part::Broker) => "503 queue_unavailable",
        Fault::Killed(Part::Ingest(_)) => "no answer",
        Fault::Clock(Drift::Ahead) => "400 timestamp_too_new",
        Fault::Clock(Drift::Behind) => "400 timestamp_too_old",
        _ => return None,
    })
}

fn is_expected(attempt: &Attempt) -> bool {
    match &attempt.answer {
        Answer::Accepted => attempt.drift == 0,
        Answer::None => true,
        Answer::Refused { status: 400, code } if code == "timestamp_too_new" => attempt.drift > 0,
        Answer::Refused { status: 400, code } if code == "timestamp_too_old" => attempt.drift < 0,
        Answer::Refused { status: 400 | 408 | 503, code } => OF_A_FAULT.contains(&code.as_str()),
        Answer::Refused { .. } => false,
    }
}

fn is_expected_of_a_forgery(attempt: &Attempt) -> bool {
    match &attempt.answer {
        Answer::Accepted => false,
        Answer::Refused { status: 400, code } if code == "signature_mismatch" => true,
        _ => is_expected(attempt),
    }
}
