//! What can happen.

use super::state::{Chunk, Message, Published};
use crate::events::{EventId, Events};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The sender sends these, and the edge publishes them as one message.
    Publish(Events),
    /// The broker makes a message durable.
    Store(Published),
    /// The broker's confirm reaches the edge, and a 2xx leaves for those who wait.
    Confirm(Events),
    /// A worker takes a message or two as one round.
    Take(usize, (Message, Option<Message>)),
    /// A worker asks the ledger which events it has.
    LookUp(Place),
    /// A worker commits a transaction on the mirror alone.
    CommitMirror(Place, Chunk),
    /// A worker commits the transaction with which deliveries are settled.
    Commit(Place, Chunk),
    /// A worker acknowledges a round.
    Acknowledge(Place),
    Fault(Fault),
}

/// A round in the hands of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub worker: usize,
    pub round: usize,
}

/// What crashes starts again: what is down for long is what takes its next step late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request with an event breaks off before it is answered.
    RequestBroken(EventId),
    /// The answer for an event does not arrive, or the sender sends it twice for no reason.
    AnswerLost(EventId),
    /// The edge crashes or loses its connection to the broker, or a confirm is overdue. Of the messages on their way those
    /// with these events arrive late, the others never.
    PublisherLost {
        late: Events,
    },
    /// The broker says no to a message.
    Refused(Published),
    /// The broker crashes. What is durable is there again.
    BrokerCrash,
    /// A worker loses its connection to the broker, and goes on with what it has in hand.
    ConsumerLost(usize),
    WorkerCrash(usize),
    /// A transaction is committed, but the worker is not told.
    CommitUnanswered(Place, Chunk),
}
