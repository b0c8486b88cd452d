//! One request and what came of it.

use std::{fmt, time::Duration};

use harness::Outcome;

/// What was answered to one request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// A 2xx.
    Accepted,
    /// Anything else.
    Refused { status: u16, code: String },
    /// Nothing, or not all of an answer.
    None,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub sent: Duration,
    /// When the answer was there, or was given up.
    pub answered: Duration,
    /// Which `ingest` it went to.
    pub line: usize,
    /// How many seconds the sender's clock was ahead.
    pub drift: i64,
    pub answer: Answer,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            _ if outcome.is_accepted() => Self::Accepted,
            Outcome::Answered { status, body } => {
                let code = body.strip_prefix(r#"{"error":""#).and_then(|rest| rest.strip_suffix(r#""}"#));
                Self::Refused { status, code: code.unwrap_or(&body).to_owned() }
            }
            Outcome::Unanswered => Self::None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Refused { status, code } => write!(f, "{status} {code}"),
            Self::None => f.write_str("no answer"),
        }
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, answered, line, answer, .. } = self;
        let (sent, answered) = (sent.as_secs_f64(), answered.as_secs_f64());
        write!(f, "{sent:.2} s to ingest {}: {answer} at {answered:.2} s", line + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_known_by_its_code() {
        let answer = |status, body: &str| {
            Answer::from(Outcome::Answered { status, body: body.to_owned() }).to_string()
        };
        assert_eq!(answer(200, "{}"), "accepted");
        assert_eq!(answer(503, r#"{"error":"queue_blocked"}"#), "503 queue_blocked");
        assert_eq!(answer(500, "oops"), "500 oops");
        assert_eq!(Answer::from(Outcome::Unanswered).to_string(), "no answer");
    }
}
