//! Which answers may be given at all.

use crate::truth::{Answer, Attempt, Truth};

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
