//! What the queue has given up on.

use std::fmt;

use async_trait::async_trait;

use super::{QueueError, Receipt};
use crate::delivery::Delivery;

/// The end of the queue from which a worker takes what the queue has given up on.
#[async_trait]
pub trait DeadLetters: Send {
    /// Takes the next dead letter, if there is one. After an error the next call connects anew.
    async fn take(&mut self) -> Result<Option<DeadLetter>, QueueError>;

    /// Gives back what was taken and not acknowledged, and closes.
    async fn close(&mut self);
}

/// A message that the queue has given up on.
#[derive(Debug)]
pub struct DeadLetter {
    /// What is in it, at least one.
    pub deliveries: Vec<Delivery>,
    /// Why it is here.
    pub cause: Cause,
    /// Whether its events may be parsed. Not where it has come back: then parsing it may be what ends workers.
    pub parse: bool,
    /// What is wrong with the message as a whole.
    pub defect: Option<String>,
    /// What acknowledges it.
    pub receipt: Receipt,
}

/// Why the queue has given up on a message; the names are RabbitMQ's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It was delivered as often as is allowed.
    DeliveryLimit,
    /// It waited for longer than the operator allows.
    Expired,
    /// There were more messages than the operator allows.
    MaxLength,
    /// Some other consumer did not want it.
    Rejected,
    /// Nothing is said of it.
    Unknown,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 5] =
        [Self::DeliveryLimit, Self::Expired, Self::MaxLength, Self::Rejected, Self::Unknown];

    /// The name of the cause.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeliveryLimit => "delivery_limit",
            Self::Expired => "expired",
            Self::MaxLength => "maxlen",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }

    /// The cause of this name; of any other, unknown.
    pub(super) fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name).unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Cause {
    /// A sentence for the ledger.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what_happened = match self {
            Self::DeliveryLimit => "it was delivered again and again, and no worker lived to acknowledge it",
            Self::Expired => "it waited for longer than the broker's policy allows",
            Self::MaxLength => "there were more messages than the broker's policy allows",
            Self::Rejected => "a consumer that is none of ours rejected it",
            Self::Unknown => "it was found among the dead letters, with no word of how it came there",
        };
        write!(f, "the queue gave it up ({}): {what_happened}", self.as_str())
    }
}
