//! The choices that make the protocol what it is, and what people write instead.

/// A way to deliver events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    pub answer: Answer,
    pub acknowledge: Acknowledge,
    pub account: Account,
    pub guard: Guard,
    pub deletion: Deletion,
}

/// When the sender gets its 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Once the broker has confirmed the message.
    Confirmed,
    /// Once the message has been written to the connection.
    Published,
}

/// When a worker lets the queue forget a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledge {
    /// Once it is committed, and so are all rounds before it: the acknowledgement includes them.
    CommittedInOrder,
    /// Once it is committed, whatever became of the rounds before it, which the acknowledgement includes.
    Committed,
    /// Before it is applied.
    Taken,
}

/// How an event is accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// Mirror and ledger are written in one transaction, and the ledger's key tells which events are new.
    OneTransaction,
    /// First it is looked up which events are new; another transaction writes those.
    CheckThenAct,
    /// The mirror is written in one transaction, the ledger in the next.
    TwoTransactions,
}

/// Which snapshots replace the one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Those of a greater (`updated_at`, `timestamp`, svix-id).
    GreaterVersion,
    /// Those of a later `updated_at`.
    LaterUpdatedAt,
    /// Those of no earlier `updated_at`.
    NoEarlierUpdatedAt,
    /// All: the last write wins.
    None,
}

/// What becomes of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It stays, the earliest of all.
    Stays,
    /// A snapshot that replaces another, or none, takes it back.
    TakenBackByUpdates,
}

impl Protocol {
    /// What clerk-mirror does.
    pub const OURS: Self = Self {
        answer: Answer::Confirmed,
        acknowledge: Acknowledge::CommittedInOrder,
        account: Account::OneTransaction,
        guard: Guard::GreaterVersion,
        deletion: Deletion::Stays,
    };
}
