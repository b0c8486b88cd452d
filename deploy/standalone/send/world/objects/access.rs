//! Roles and permissions: of the instance, shared by all organizations.

use serde::Serialize;

use super::super::ids::Id;

#[derive(Debug, Clone, Serialize)]
pub struct Permission {
    pub created_at: i64,
    pub description: String,
    pub id: Id,
    pub key: String,
    pub name: String,
    pub object: &'static str,
    pub r#type: &'static str,
    pub updated_at: i64,
}

#[derive(Debug)]
pub struct Role {
    pub id: Id,
    pub key: String,
    pub name: String,
    pub description: Option<String>,
    pub is_creator_eligible: bool,
    pub permissions: Vec<Id>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A role as events show it, with its permissions.
#[derive(Serialize)]
pub struct RoleWithPermissions<'a> {
    pub created_at: i64,
    pub description: Option<&'a str>,
    pub id: Id,
    pub is_creator_eligible: bool,
    pub key: &'a str,
    pub name: &'a str,
    pub object: &'static str,
    pub permissions: Vec<&'a Permission>,
    pub updated_at: i64,
}
