//! `pending_invitations` and `active_sessions`.

use serde_json::{Value, json};
use worker::event::Table;

use super::{NEVER, delete, lines, names, put, user};
use crate::cases::yes_or_no;
use crate::database::Database;
use crate::events::*;

pub fn invitations_are_pending_until_they_are_answered_or_expire(database: &dyn Database) {
    let states = [
        ("pending", json!("pending"), Some(NEVER)),
        ("endless", json!("pending"), None),
        ("expired", json!("pending"), Some(START)),
        ("accepted", json!("accepted"), Some(NEVER)),
        ("revoked", json!("revoked"), Some(NEVER)),
        ("unknown", json!(null), Some(NEVER)),
        ("deleted", json!("pending"), Some(NEVER)),
    ];
    let invitation = |status: &Value, expires_at| {
        json!({"email_address": "Ann@a.example", "status": status, "expires_at": expires_at,
               "created_at": START,
               "organization_id": "org_acme", "inviter_id": "user_1", "role": "org:member"})
    };
    for (id, status, expires_at) in &states {
        put(database, Table::Invitations, id, invitation(status, *expires_at));
        put(database, Table::OrganizationInvitations, id, invitation(status, *expires_at));
    }
    for table in [Table::Invitations, Table::OrganizationInvitations] {
        delete(database, table, "deleted");
        delete(database, table, "only_known_as_deleted");
    }
    for organization in ["org_gone", "org_to_come"] {
        let mut data = invitation(&json!("pending"), None);
        data["organization_id"] = json!(organization);
        put(database, Table::OrganizationInvitations, organization, data);
    }
    put(database, Table::Organizations, "org_acme", json!({"name": "Acme"}));
    delete(database, Table::Organizations, "org_gone");
    let mut columns =
        names(&["kind", "id", "email_address", "organization_id", "organization_name", "role", "inviter_id"]);
    columns.extend([database.iso("invited_at"), database.iso("expires_at")]);
    let found = lines(
        database,
        &columns,
        "pending_invitations WHERE lower(email_address) = 'ann@a.example' ORDER BY kind, id",
    );
    assert_eq!(
        found,
        [
            "application endless Ann@a.example - - - - 2024-05-28T08:00:00.000Z -",
            "application pending Ann@a.example - - - - 2024-05-28T08:00:00.000Z 9999-12-31T23:46:40.000Z",
            "organization endless Ann@a.example org_acme Acme org:member user_1 2024-05-28T08:00:00.000Z -",
            "organization org_to_come Ann@a.example org_to_come - org:member user_1 2024-05-28T08:00:00.000Z -",
            "organization pending Ann@a.example org_acme Acme org:member user_1 2024-05-28T08:00:00.000Z \
             9999-12-31T23:46:40.000Z",
        ]
    );
}

pub fn sessions_are_active_until_they_end_or_expire(database: &dyn Database) {
    put(database, Table::Users, "user_ada", user(&[("ada@a.example", true)]));
    put(database, Table::Users, "user_gone", user(&[]));
    delete(database, Table::Users, "user_gone");
    let sessions = [
        ("active", "user_ada", "active", Some(NEVER)),
        ("expired", "user_ada", "active", Some(START)),
        ("without_expiry", "user_ada", "active", None),
        ("pending", "user_ada", "pending", Some(NEVER)),
        ("ended", "user_ada", "ended", Some(NEVER)),
        ("removed", "user_ada", "removed", Some(NEVER)),
        ("revoked", "user_ada", "revoked", Some(NEVER)),
        ("deleted", "user_ada", "active", Some(NEVER)),
        ("user_gone", "user_gone", "active", Some(NEVER)),
        ("user_to_come", "user_to_come", "active", Some(NEVER)),
    ];
    let session = |user: &str, status: &str, expire_at: Option<i64>| {
        json!({"user_id": user, "status": status, "expire_at": expire_at, "abandon_at": NEVER,
               "actor": {"sub": "user_boss"},
               "last_active_at": START, "last_active_organization_id": "org_acme",
               "latest_activity": {"browser_name": "Firefox", "device_type": "Linux", "is_mobile": false,
                                   "ip_address": "203.0.113.24", "city": "Tromsø", "country": "NO"}})
    };
    for (id, user, status, expire_at) in sessions {
        put(database, Table::Sessions, id, session(user, status, expire_at));
    }
    delete(database, Table::Sessions, "deleted");
    let bare = json!({"user_id": "user_ada", "status": "active", "expire_at": NEVER, "actor": null,
                      "latest_activity": null});
    put(database, Table::Sessions, "bare", bare);
    let odd = json!({"user_id": "user_ada", "status": "active", "expire_at": NEVER, "actor": {"sub": 5},
                     "latest_activity": {"browser_name": 5, "device_type": [], "is_mobile": "no", "ip_address": {},
                                         "city": true, "country": null}});
    put(database, Table::Sessions, "odd", odd);

    let mut columns =
        names(&["session_id", "user_id", "primary_email_address", "last_active_organization_id"]);
    columns.extend(["last_active_at", "expire_at", "abandon_at"].map(|column| database.iso(column)));
    columns.extend(names(&["browser_name", "device_type"]));
    columns.push(yes_or_no("is_mobile"));
    columns.extend(names(&["ip_address", "city", "country", "impersonator"]));
    assert_eq!(
        lines(database, &columns, "active_sessions ORDER BY session_id"),
        [
            "active user_ada ada@a.example org_acme 2024-05-28T08:00:00.000Z 9999-12-31T23:46:40.000Z \
             9999-12-31T23:46:40.000Z Firefox Linux no 203.0.113.24 Tromsø NO user_boss",
            "bare user_ada ada@a.example - - 9999-12-31T23:46:40.000Z - - - - - - - -",
            "odd user_ada ada@a.example - - 9999-12-31T23:46:40.000Z - - - - - - - -",
        ]
    );
}
