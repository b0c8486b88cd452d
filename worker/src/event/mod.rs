//! What one delivery means: which row it touches, how new it is, what may be kept of it.
//!
//! Decoding never fails: what cannot be understood becomes an [`Entry`] whose verdict is
//! [`Verdict::Dead`] with a reason, so every delivery ends as one row in the ledger.

mod decode;
mod erasure;
mod filter;
mod kind;
mod ksuid;
mod redact;
mod text;
mod time;

pub(crate) use decode::NOT_AS_SIGNED;
pub use decode::{Policy, Redacted};
pub(crate) use erasure::without_person;
pub use kind::{Kind, Table};
pub(crate) use text::ascii;
pub use time::Millis;

use std::borrow::Cow;

/// One delivery, decoded and redacted: everything the store needs to account for it.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The message id Svix gave the event; the same on every delivery of it.
    pub svix_id: Cow<'a, str>,
    /// The event type as sent, when it can be read.
    pub event_type: Option<Cow<'a, str>>,
    /// `data.id`, when it can be read.
    pub object_id: Option<Cow<'a, str>>,
    /// The user the event is about, when it names one.
    pub user_id: Option<Cow<'a, str>>,
    /// The Clerk instance that sent the event.
    pub instance_id: Option<Cow<'a, str>>,
    /// When it happened, from what is the same on every delivery of the event.
    pub occurred_at: Millis,
    /// When ingest received it.
    pub received_at: Millis,
    /// The redacted body; `None` where nothing of it may be kept.
    pub payload: Option<&'a str>,
    /// What is to be done with it.
    pub verdict: Verdict<'a>,
}

/// What is to be done with a delivery.
#[derive(Debug, Clone)]
pub enum Verdict<'a> {
    /// Merge it into a mirror table.
    Mirror(Change<'a>),
    /// Nothing to mirror: an unknown type, a message, another instance.
    Ignored,
    /// It cannot be applied, for this reason.
    Dead(Cow<'static, str>),
}

/// What one event says about one object. At least one of `snapshot` and `deleted_at` is there.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// The mirror table the object lives in.
    pub table: Table,
    /// The object's id.
    pub id: Cow<'a, str>,
    /// The object's state, if the event carries it.
    pub snapshot: Option<Snapshot<'a>>,
    /// When it was deleted, if the event says so.
    pub deleted_at: Option<Millis>,
    /// Of an invitation: the user who sent it, whose details the snapshot holds too.
    pub inviter_id: Option<Cow<'a, str>>,
}

/// An object's state at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot<'a> {
    /// How new it is.
    pub version: Version,
    /// The object, redacted: one JSON object, verbatim.
    pub data: Cow<'a, str>,
}

/// Orders the snapshots of one object: `data.updated_at`, envelope `timestamp`, svix-id.
///
/// Kept as text that sorts bytewise in the order it stands for, so that Rust, PostgreSQL
/// (`COLLATE "C"`) and SQLite (`BINARY`) agree. No snapshot yet is the empty text, the smallest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(String);

impl Version {
    /// The version of a snapshot.
    pub fn new(updated_at: Millis, occurred_at: Millis, svix_id: &str) -> Self {
        Self(format!("{:015}:{:015}:{svix_id}", updated_at.get(), occurred_at.get()))
    }

    /// The sortable text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
