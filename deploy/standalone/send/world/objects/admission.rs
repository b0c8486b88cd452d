//! Who may sign up: invitations to the application, and its waitlist.

use serde::Serialize;

use super::{super::ids::Id, Metadata};

#[derive(Debug, Serialize)]
pub struct Invitation {
    pub created_at: i64,
    pub email_address: String,
    pub expires_at: Option<i64>,
    pub id: Id,
    pub object: &'static str,
    pub public_metadata: Metadata,
    pub revoked: bool,
    pub status: &'static str,
    pub updated_at: i64,
    pub url: String,
}

#[derive(Debug, Serialize)]
pub struct WaitlistEntry {
    pub created_at: i64,
    pub email_address: String,
    pub id: Id,
    pub invitation: Option<Invitation>,
    pub is_locked: bool,
    pub object: &'static str,
    pub status: &'static str,
    pub updated_at: i64,
}
