//! What is sent on one connection, and what may be answered to it.

use std::time::Duration;

/// What a sender holds: signed, so that the edge must accept it where it is the whole body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    /// When it was signed, in seconds.
    pub timestamp: i64,
    pub body: Vec<u8>,
}

/// One connection from its beginning to its end.
#[derive(Debug)]
pub struct Exchange {
    pub family: &'static str,
    pub pieces: Vec<Piece>,
    /// The requests in what is sent, in order.
    pub calls: Vec<Call>,
    pub ending: Ending,
    /// Nobody can say how many requests the bytes are: answers are not told apart.
    pub loose: bool,
}

/// Bytes that are sent together.
#[derive(Debug)]
pub struct Piece {
    pub after: Duration,
    pub bytes: Vec<u8>,
}

/// How the connection ends, unless the server ends it before all is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The server closes.
    Closed,
    /// The client sends no more, and reads on.
    HalfClosed,
    /// The client is gone, without having read anything.
    Gone,
    /// The same, with a reset.
    Reset,
}

/// A request, and the answers it may get.
#[derive(Debug)]
pub struct Call {
    pub bad: bool,
    pub answers: Answers,
    /// An answer to HEAD has no body.
    pub head: bool,
    /// Whether the connection may end with it, so that nothing after it is answered.
    pub may_close: bool,
    /// Whether the connection may end without an answer to it.
    pub may_be_silent: bool,
    /// What is in the queue if it is accepted.
    pub event: Option<Event>,
}

/// Answers, each as its status and code.
#[derive(Debug, Clone)]
pub enum Answers {
    /// One of these.
    These(Vec<String>),
    /// Any but acceptance, and but a fault of the server.
    Refusal,
    /// Any but a fault of the server.
    Any,
}

impl Call {
    /// A request that must be accepted.
    pub fn good(event: Event) -> Self {
        Self { bad: false, event: Some(event), ..Self::bad("200 accepted") }
    }

    /// A request that must be answered so, and that the next one can follow.
    pub fn bad(answer: &str) -> Self {
        Self::one_of(&[answer])
    }

    /// A request that must be answered in one of these ways.
    pub fn one_of(answers: &[&str]) -> Self {
        Self::answered(Answers::These(answers.iter().map(|answer| (*answer).to_owned()).collect()))
    }

    /// A request that may be answered in any of these ways.
    pub fn answered(answers: Answers) -> Self {
        Self { bad: true, answers, head: false, may_close: false, may_be_silent: false, event: None }
    }

    /// The connection may end with it.
    pub fn closing(mut self) -> Self {
        self.may_close = true;
        self
    }

    /// It may stay without an answer.
    pub fn silent(mut self) -> Self {
        self.may_be_silent = true;
        self.closing()
    }

    /// It may be accepted, too.
    pub fn carrying(mut self, event: Event) -> Self {
        self.event = Some(event);
        self
    }
}

impl Exchange {
    /// Of no requests yet.
    pub fn new(family: &'static str) -> Self {
        Self { family, pieces: Vec::new(), calls: Vec::new(), ending: Ending::Closed, loose: false }
    }

    /// Sends a request.
    pub fn call(mut self, call: Call, bytes: impl Into<Vec<u8>>) -> Self {
        self.calls.push(call);
        self.send(bytes)
    }

    /// Sends bytes that belong to the request before them, or to none.
    pub fn send(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.send_after(Duration::ZERO, bytes)
    }

    /// The same, after a while.
    pub fn send_after(mut self, after: Duration, bytes: impl Into<Vec<u8>>) -> Self {
        self.pieces.push(Piece { after, bytes: bytes.into() });
        self
    }

    /// The connection ends so.
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// Answers cannot be told apart.
    pub fn loose(mut self) -> Self {
        self.loose = true;
        self
    }

    /// Everything that is sent.
    pub fn bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| &piece.bytes).copied().collect()
    }

    /// How many bad requests are in it.
    pub fn bad(&self) -> usize {
        self.calls.iter().filter(|call| call.bad).count()
    }
}
