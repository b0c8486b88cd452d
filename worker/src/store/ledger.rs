//! The ledger as it is read, and the outcomes it keeps.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::prelude::Queryable;
use diesel::sql_types::Text;
use serde::Serialize;

use crate::event::Millis;

/// What became of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, FromSqlRow)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It moved a mirror row.
    Applied,
    /// The mirror already knew better.
    Stale,
    /// There was nothing to mirror.
    Ignored,
    /// It cannot be applied.
    Dead,
    /// The ledger had it already; never in the ledger itself.
    Duplicate,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Applied, Self::Stale, Self::Ignored, Self::Dead, Self::Duplicate];

    /// The outcome's name, as in the ledger and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stale => "stale",
            Self::Ignored => "ignored",
            Self::Dead => "dead",
            Self::Duplicate => "duplicate",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// No outcome has this name.
#[derive(Debug, thiserror::Error)]
#[error("no such outcome: {0}")]
pub struct UnknownOutcome(String);

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|outcome| outcome.as_str() == name);
        found.ok_or_else(|| UnknownOutcome(name.to_owned()))
    }
}

impl<DB: Backend> FromSql<Text, DB> for Outcome
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(String::from_sql(value)?.parse()?)
    }
}

/// Which of the ledger's rows are wanted.
#[derive(Debug, Clone)]
pub struct EventFilter {
    /// Of this event type.
    pub event_type: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// About this object.
    pub object_id: Option<String>,
    /// About this user, or something of theirs.
    pub user_id: Option<String>,
    /// Received at this time or later.
    pub since: Option<Millis>,
    /// At most this many.
    pub limit: u32,
}

/// Which of the ledger's rows are to be replayed; every condition has to hold.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only the dead.
    pub dead: bool,
    /// Only of this event type.
    pub event_type: Option<String>,
    /// Received at this time or later.
    pub since: Option<Millis>,
    /// Received before this time.
    pub until: Option<Millis>,
}

/// A place in the ledger, in the order in which events were received.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When the event there was received.
    pub received_at: DateTime<Utc>,
    /// Its id.
    pub svix_id: String,
}

/// What the ledger said of an event until a replay changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable)]
pub struct FormerState {
    /// When it was written.
    pub applied_at: DateTime<Utc>,
    /// What had become of the event.
    pub outcome: Outcome,
    /// Why it was dead.
    pub error: Option<String>,
    /// When it was replaced.
    pub replaced_at: DateTime<Utc>,
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable)]
pub struct LedgerRow {
    /// The event's id.
    pub svix_id: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// The id of the object it is about.
    pub object_id: Option<String>,
    /// The user it is about, or whose the object is.
    pub user_id: Option<String>,
    /// The Clerk instance that sent it.
    pub instance_id: Option<String>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// When this row was written.
    pub applied_at: DateTime<Utc>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it is dead.
    pub error: Option<String>,
    /// The body, redacted.
    pub payload: Option<String>,
}

impl LedgerRow {
    /// Where the row is among the others.
    pub fn place(&self) -> Place {
        Place { received_at: self.received_at, svix_id: self.svix_id.clone() }
    }
}
