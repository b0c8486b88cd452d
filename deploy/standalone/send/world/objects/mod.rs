//! Clerk's objects, with the fields of its webhook schemas: what an event's `data` holds.

pub mod access;
pub mod admission;
pub mod billing;
pub mod message;
mod metadata;
pub mod organization;
pub mod session;
pub mod user;
mod verification;

pub use metadata::Metadata;
pub use verification::Verification;

use serde::Serialize;

use super::ids::Id;

/// What is left of an object that was deleted.
#[derive(Serialize)]
pub struct DeletedObject<'a> {
    pub deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<&'a str>,
    pub id: Id,
    pub object: &'static str,
    /// Absent, or there with or without a value: Clerk's own examples have all three.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<Option<&'a str>>,
}

impl DeletedObject<'_> {
    /// A deleted object that says no more than its id.
    pub fn new(object: &'static str, id: Id) -> Self {
        Self { deleted: true, external_id: None, id, object, slug: None }
    }
}
