//! `user_mfa` and `organization_mfa`.

use serde_json::{Value, json};
use worker::event::Table;

use super::{delete, lines, membership, names, put, user};
use crate::cases::yes_or_no;
use crate::database::Database;
use crate::events::*;

pub fn second_factors_are_told_apart(database: &dyn Database) {
    let phone = |second: Value, status: &str| json!({"reserved_for_second_factor": second, "verification": {"status": status}});
    let passkey = |status: &str| json!({"verification": {"status": status}});
    // Enabled, by app, by text message, by backup code, passkeys, since when.
    let cases = [
        (json!({}), "no no no no no -"),
        (
            json!({"two_factor_enabled": "yes", "totp_enabled": 1, "phone_numbers": {}, "passkeys": "text"}),
            "no no no no no -",
        ),
        (
            json!({"two_factor_enabled": true, "totp_enabled": true, "mfa_enabled_at": START}),
            "yes yes no no no 2024-05-28T08:00:00.000Z",
        ),
        (
            json!({"two_factor_enabled": false, "mfa_enabled_at": START, "mfa_disabled_at": START + 1}),
            "no no no no no -",
        ),
        (json!({"mfa_enabled_at": START}), "no no no no no -"),
        (
            json!({"two_factor_enabled": true, "phone_numbers": ["text", 5, null, phone(json!(true), "verified")]}),
            "yes no yes no no -",
        ),
        (
            json!({"phone_numbers": [phone(json!(true), "unverified"), phone(json!(false), "verified")]}),
            "no no no no no -",
        ),
        (
            json!({"phone_numbers": [phone(json!(1), "verified"), phone(json!("true"), "verified")]}),
            "no no no no no -",
        ),
        (json!({"backup_code_enabled": true}), "no no no yes no -"),
        (json!({"passkeys": ["text", 5, null, passkey("verified")]}), "no no no no yes -"),
        (json!({"passkeys": [passkey("unverified"), {"verification": null}]}), "no no no no no -"),
    ];
    for (n, (data, right)) in cases.into_iter().enumerate() {
        let id = format!("user_{n}");
        put(database, Table::Users, &id, data.clone());
        let mut columns = ["enabled", "totp", "sms", "backup_codes", "passkeys"].map(yes_or_no).to_vec();
        columns.push(database.iso("enabled_at"));
        let found = lines(database, &columns, &format!("user_mfa WHERE user_id = '{id}'"));
        assert_eq!(found, [right], "{data}");
    }

    put(database, Table::Users, "user_ada", user(&[("ada@a.example", false)]));
    put(database, Table::Users, "user_gone", json!({"two_factor_enabled": true}));
    delete(database, Table::Users, "user_gone");
    delete(database, Table::Users, "user_only_known_as_gone");
    let named = lines(
        database,
        &names(&["user_id", "primary_email_address"]),
        "user_mfa WHERE user_id NOT LIKE 'user_1%'",
    );
    assert!(named.contains(&"user_ada ada@a.example".to_owned()), "{named:?}");
    assert!(!named.iter().any(|line| line.contains("gone")), "{named:?}");
}

pub fn members_with_and_without_a_second_factor_are_counted(database: &dyn Database) {
    let users = [
        ("with", json!(true)),
        ("without", json!(false)),
        ("unknown", json!(null)),
        ("gone", json!(true)),
        ("left", json!(true)),
    ];
    for (user, enabled) in users {
        put(database, Table::Users, user, json!({"two_factor_enabled": enabled}));
        put(database, Table::OrganizationMemberships, user, membership("org_full", user, "org:admin"));
    }
    put(database, Table::OrganizationMemberships, "second", membership("org_one", "with", "org:admin"));
    put(database, Table::OrganizationMemberships, "third", membership("org_gone", "with", "org:admin"));
    for organization in ["org_empty", "org_full", "org_gone", "org_one"] {
        put(database, Table::Organizations, organization, json!({"name": organization.to_uppercase()}));
    }
    delete(database, Table::Users, "gone");
    delete(database, Table::OrganizationMemberships, "left");
    delete(database, Table::Organizations, "org_gone");
    delete(database, Table::Organizations, "org_only_known_as_gone");
    let columns = names(&["organization_id", "name", "members", "with_mfa", "without_mfa"]);
    assert_eq!(
        lines(database, &columns, "organization_mfa ORDER BY organization_id"),
        ["org_empty ORG_EMPTY 0 0 0", "org_full ORG_FULL 3 1 2", "org_one ORG_ONE 1 1 0"]
    );
}
