//! What people ask.

use crate::world::{Dialect, World};

/// A question about one user, one organization or one address.
pub struct Question {
    pub what: &'static str,
    /// The query, for the so-and-so-many-th time it is asked.
    ask: fn(&World, usize) -> String,
}

impl Question {
    pub const ALL: [Self; 13] = [
        Self {
            what: "users, by primary e-mail address",
            ask: |world, n| {
                format!(
                    "SELECT * FROM users WHERE primary_email_address = '{}'",
                    world.address(user(world, n))
                )
            },
        },
        Self {
            what: "users, by external id",
            ask: |world, n| format!("SELECT * FROM users WHERE external_id = 'ext-{}'", user(world, n)),
        },
        Self {
            what: "organizations, by slug",
            ask: |world, n| {
                format!("SELECT * FROM organizations WHERE slug = 'company-{}'", organization(world, n))
            },
        },
        Self {
            what: "organization_members, of an organization",
            ask: |world, n| {
                format!(
                    "SELECT * FROM organization_members WHERE organization_id = 'org_{}'",
                    organization(world, n)
                )
            },
        },
        Self {
            what: "organization_members, of a user",
            ask: |world, n| {
                format!("SELECT * FROM organization_members WHERE user_id = 'user_{}'", user(world, n))
            },
        },
        Self {
            what: "organization_members, of a user in an organization",
            ask: |world, n| {
                let user = user(world, n);
                let organization = user % world.organizations + 1;
                format!(
                    "SELECT * FROM organization_members WHERE user_id = 'user_{user}' \
                     AND organization_id = 'org_{organization}'"
                )
            },
        },
        Self {
            what: "user_organizations, of a user",
            ask: |world, n| {
                format!("SELECT * FROM user_organizations WHERE user_id = 'user_{}'", user(world, n))
            },
        },
        Self {
            what: "user_mfa, of a user",
            ask: |world, n| format!("SELECT * FROM user_mfa WHERE user_id = 'user_{}'", user(world, n)),
        },
        Self {
            what: "organization_mfa, of an organization",
            ask: |world, n| {
                format!(
                    "SELECT * FROM organization_mfa WHERE organization_id = 'org_{}'",
                    organization(world, n)
                )
            },
        },
        Self {
            what: "pending_invitations, to an address",
            ask: |world, n| {
                format!(
                    "SELECT * FROM pending_invitations WHERE lower(email_address) = '{}'",
                    world.address(user(world, n) % world.organization_invitations())
                )
            },
        },
        Self {
            what: "pending_invitations, into an organization",
            ask: |world, n| {
                format!(
                    "SELECT * FROM pending_invitations WHERE organization_id = 'org_{}'",
                    organization(world, n)
                )
            },
        },
        Self {
            what: "active_sessions, of a user",
            ask: |world, n| {
                format!("SELECT * FROM active_sessions WHERE user_id = 'user_{}'", user(world, n))
            },
        },
        Self {
            what: "organization_memberships, of a user",
            ask: |world, n| {
                format!("SELECT * FROM organization_memberships WHERE user_id = 'user_{}'", user(world, n))
            },
        },
    ];

    /// The query, for the so-and-so-many-th time it is asked.
    pub fn sql(&self, dialect: Dialect, world: &World, n: usize) -> String {
        let sql = (self.ask)(world, n);
        match dialect {
            Dialect::Postgres => sql.replace(" FROM ", " FROM clerk."),
            Dialect::Sqlite => sql,
        }
    }
}

/// Somebody else every time, anywhere in the table.
fn user(world: &World, n: usize) -> usize {
    n * 7_919_777 % world.users + 1
}

fn organization(world: &World, n: usize) -> usize {
    n * 7_919_777 % world.organizations + 1
}
