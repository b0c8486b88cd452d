//! `organization_members`.

use serde_json::json;
use worker::event::Table;

use super::{delete, lines, membership, names, put, user};
use crate::database::Database;
use crate::events::*;

pub fn members_are_live_users_with_live_memberships_in_live_organizations(database: &dyn Database) {
    let mut ada = user(&[("ada@a.example", true)]);
    ada["first_name"] = json!("Ada");
    ada["last_name"] = json!("Lovelace");
    put(database, Table::Users, "user_ada", ada);
    put(database, Table::Users, "user_gone", user(&[]));
    put(database, Table::Organizations, "org_acme", json!({"name": "Acme", "slug": "acme"}));
    put(database, Table::Organizations, "org_gone", json!({}));
    let memberships = [
        ("orgmem_here", "org_acme", "user_ada"),
        ("orgmem_left", "org_acme", "user_ada"),
        ("orgmem_user_gone", "org_acme", "user_gone"),
        ("orgmem_user_only_known_as_gone", "org_acme", "user_unseen"),
        ("orgmem_user_to_come", "org_acme", "user_to_come"),
        ("orgmem_organization_gone", "org_gone", "user_ada"),
        ("orgmem_organization_to_come", "org_to_come", "user_ada"),
    ];
    for (id, organization, user) in memberships {
        put(database, Table::OrganizationMemberships, id, membership(organization, user, "org:admin"));
    }
    delete(database, Table::OrganizationMemberships, "orgmem_left");
    delete(database, Table::OrganizationMemberships, "orgmem_only_known_as_gone");
    delete(database, Table::Users, "user_gone");
    delete(database, Table::Users, "user_unseen");
    delete(database, Table::Organizations, "org_gone");

    let mut columns = names(&[
        "membership_id",
        "organization_id",
        "organization_name",
        "organization_slug",
        "user_id",
        "first_name",
        "last_name",
        "primary_email_address",
        "role",
        "role_name",
    ]);
    columns.extend([database.list("permissions"), database.iso("joined_at")]);
    assert_eq!(
        lines(database, &columns, "organization_members"),
        ["orgmem_here org_acme Acme acme user_ada Ada Lovelace ada@a.example org:admin Admin [\"org:own\"] \
          2024-05-28T08:00:00.000Z"]
    );
}

pub fn permissions_are_those_of_whichever_is_newer_membership_or_role(database: &dyn Database) {
    put(database, Table::Users, "user_1", json!({}));
    put(database, Table::Organizations, "org_1", json!({}));
    let role = |name: &str, updated: i64| {
        let permission = json!({"key": format!("org:{name}")});
        json!({"name": name, "permissions": [permission], "updated_at": START + updated})
    };
    // Roles of the key, each live or deleted, beside a membership that was updated at the start.
    let cases = [
        ("none", vec![], r#"Admin ["org:own"]"#),
        ("older", vec![(role("old", -1), true)], r#"Admin ["org:own"]"#),
        ("as_old", vec![(role("same", 0), true)], r#"Admin ["org:own"]"#),
        ("newer", vec![(role("new", 1), true)], r#"new ["org:new"]"#),
        ("newer_deleted", vec![(role("new", 1), false)], r#"Admin ["org:own"]"#),
        ("newest_first", vec![(role("newer", 2), true), (role("new", 1), true)], r#"newer ["org:newer"]"#),
        ("newest_last", vec![(role("new", 1), true), (role("newer", 2), true)], r#"newer ["org:newer"]"#),
        ("newest_deleted", vec![(role("newer", 2), false), (role("new", 1), true)], r#"new ["org:new"]"#),
        ("timeless", vec![(json!({"name": "undated", "permissions": []}), true)], r#"Admin ["org:own"]"#),
        (
            "timeless_too",
            vec![(json!({"name": "undated"}), true), (role("new", 1), true)],
            r#"new ["org:new"]"#,
        ),
        ("emptied", vec![(json!({"permissions": [], "updated_at": START + 1}), true)], "Admin []"),
        ("unreadable", vec![(json!({"name": "new", "updated_at": START + 1}), true)], r#"new ["org:own"]"#),
    ];
    for (key, roles, right) in cases {
        for (n, (mut role, live)) in roles.into_iter().enumerate() {
            let id = format!("role_{key}_{n}");
            role["key"] = json!(key);
            put(database, Table::Roles, &id, role);
            if !live {
                delete(database, Table::Roles, &id);
            }
        }
        put(database, Table::OrganizationMemberships, key, membership("org_1", "user_1", key));
        let columns = ["role_name".to_owned(), database.list("permissions")];
        let found = lines(database, &columns, &format!("organization_members WHERE membership_id = '{key}'"));
        assert_eq!(found, [right], "{key}");
    }
}
