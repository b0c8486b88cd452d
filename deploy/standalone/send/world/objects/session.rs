//! A session, and the browser it runs in.

use serde::Serialize;

use super::{super::ids::Id, user::User};

#[derive(Debug, Serialize)]
pub struct Session {
    pub abandon_at: i64,
    pub actor: Option<()>,
    pub client_id: Id,
    pub created_at: i64,
    pub expire_at: i64,
    pub id: Id,
    pub last_active_at: i64,
    pub last_active_organization_id: Option<Id>,
    pub latest_activity: Activity,
    pub object: &'static str,
    pub status: &'static str,
    pub updated_at: i64,
    pub user_id: Id,
}

/// A session's event carries its user.
#[derive(Serialize)]
pub struct SessionWithUser<'a> {
    #[serde(flatten)]
    pub session: &'a Session,
    pub user: &'a User,
}

#[derive(Debug, Serialize)]
pub struct Activity {
    pub browser_name: &'static str,
    pub browser_version: &'static str,
    pub city: &'static str,
    pub country: &'static str,
    pub device_type: &'static str,
    pub id: Id,
    pub ip_address: String,
    pub is_mobile: bool,
    pub object: &'static str,
}
