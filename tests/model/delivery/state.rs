//! Everything that the world remembers at one moment.

use super::bag::{Bag, Kind};
use crate::{
    events::{Each, EventId, Events},
    world::Row,
};

/// More rounds than the bounds let a worker have in hand.
const ROUNDS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct State {
    /// How far the sender is with each event.
    pub attempts: Each<Attempt>,
    /// The events for which a 2xx has left the edge.
    pub accepted: Events,
    /// On their way from the edge to the broker.
    pub published: Bag<Published>,
    /// On their way back: for which events they are awaited.
    pub confirms: Bag<Events>,
    /// The messages in the queue that nobody holds.
    pub ready: Bag<Message>,
    pub workers: [Worker; 2],
    pub database: Database,
    /// How many faults may still come.
    pub faults: u8,
}

/// One event at the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Attempt {
    /// To be sent, for the first time or again.
    #[default]
    Due,
    /// Received and published by the edge, not answered yet.
    InFlight,
    /// Answered with a 2xx.
    Done,
}

/// One delivery, or two that share a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message(pub Events);

/// A message that is not durable yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Published {
    pub message: Message,
    /// The events for which somebody waits for its confirm.
    pub awaited: Events,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Worker {
    /// What it has in hand, in the order in which it was taken.
    pub rounds: [Option<Round>; ROUNDS],
}

/// One message, or two that were taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Round {
    pub messages: (Message, Option<Message>),
    pub hold: Hold,
    /// How many of its deliveries of each event are committed.
    pub committed: Each<u8>,
    pub progress: Progress,
}

/// What the queue knows of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// It keeps the messages until they are acknowledged, or the connection is lost.
    Unacknowledged,
    /// They are acknowledged, and gone.
    Acknowledged,
    /// The connection was lost: they are anybody's.
    Lost,
}

/// How far a worker is with the deliveries that it commits next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    Begun,
    /// The ledger has been asked, and had these.
    LookedUp(Events),
    /// The mirror is committed, and has moved to show these.
    Merged(Chunk, Events),
}

/// One or two deliveries that are applied in one transaction, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chunk {
    pub first: EventId,
    pub second: Option<EventId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Database {
    pub row: Row,
    pub ledger: Each<Account>,
    /// How often a trigger on the mirror has fired for each event.
    pub effects: Each<u8>,
}

/// What the ledger says of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Account {
    pub rows: u8,
    /// In the first of the rows.
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Applied,
    Stale,
}

impl Kind for Events {
    fn number(self) -> u8 {
        self.bits()
    }

    fn of(number: u8) -> Self {
        Self::of_bits(number)
    }
}

impl Kind for Message {
    fn number(self) -> u8 {
        self.0.number()
    }

    fn of(number: u8) -> Self {
        Self(Events::of(number))
    }
}

impl Kind for Published {
    fn number(self) -> u8 {
        self.message.number() << 2 | self.awaited.number()
    }

    fn of(number: u8) -> Self {
        Self { message: Message::of(number >> 2), awaited: Events::of(number & 3) }
    }
}

impl Worker {
    pub fn rounds(&self) -> impl Iterator<Item = &Round> {
        self.rounds.iter().flatten()
    }

    pub fn is_idle(&self) -> bool {
        self.rounds[0].is_none()
    }
}

impl Round {
    pub fn messages(&self) -> impl Iterator<Item = Message> + use<> {
        [self.messages.0].into_iter().chain(self.messages.1)
    }

    /// How many deliveries of an event are not committed yet.
    pub fn left(&self, id: EventId) -> u8 {
        let deliveries = self.messages().filter(|message| message.0.contains(id)).count();
        deliveries as u8 - self.committed[id]
    }

    pub fn is_committed(&self) -> bool {
        EventId::ALL.into_iter().all(|id| self.left(id) == 0)
    }
}

impl Chunk {
    pub fn deliveries(self) -> impl Iterator<Item = EventId> {
        [self.first].into_iter().chain(self.second)
    }
}

impl Database {
    /// The events that have a row in the ledger.
    pub fn accounted(&self) -> Events {
        EventId::ALL.into_iter().filter(|&id| self.ledger[id].rows > 0).collect()
    }
}
