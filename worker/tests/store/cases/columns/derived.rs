//! The columns that are more than one field.

use serde_json::json;
use worker::event::Table;

use crate::cases::yes_or_no;
use crate::database::Database;
use crate::events::*;

pub fn the_primary_contacts_are_those_the_user_names(database: &dyn Database) {
    let user = json!({
        "primary_email_address_id": "idn_b",
        "primary_phone_number_id": "idn_p",
        "email_addresses": [
            {"id": "idn_a", "email_address": "other@example.com", "verification": {"status": "verified"}},
            {"id": "idn_b", "email_address": "ada@example.com", "verification": {"status": "unverified"}},
        ],
        "phone_numbers": [{"id": "idn_p", "phone_number": "+15555550100"}],
    });
    let verified = json!({
        "primary_email_address_id": "idn_a",
        "email_addresses": [{"id": "idn_a", "email_address": "a@example.com", "verification": {"status": "verified"}}],
    });
    let none = json!({"primary_email_address_id": null, "email_addresses": [{"id": "idn_a"}, 5], "phone_numbers": {}});
    let users =
        [("user_1", user), ("user_2", verified), ("user_3", none)].map(|(id, data)| (id, data.to_string()));
    let batch: Vec<_> = users.iter().map(|(id, data)| snapshot(id, id, 1, data)).collect();
    database.store().apply(&batch).unwrap();
    database.store().apply(&[deletion("msg_4", "user_4", 1)]).unwrap();

    let of_all =
        |expression: &str| database.texts(&format!("SELECT {expression} AS value FROM users ORDER BY id"));
    let texts = |values: [Option<&str>; 4]| values.map(|value| value.map(str::to_owned));
    assert_eq!(
        of_all("primary_email_address"),
        texts([Some("ada@example.com"), Some("a@example.com"), None, None])
    );
    let verified = yes_or_no("primary_email_address_verified");
    assert_eq!(of_all(&verified), texts([Some("no"), Some("yes"), Some("no"), None]));
    assert_eq!(of_all("primary_phone_number"), texts([Some("+15555550100"), None, None, None]));
}

pub fn lists_hold_the_texts_that_were_found(database: &dyn Database) {
    let verified = |address: &str| json!({"email_address": address, "verification": {"status": "verified"}});
    let addresses = json!([
        verified("Zoë@b.example"),
        {"email_address": "c@c.example", "verification": {"status": "unverified"}},
        {"email_address": "d@d.example", "verification": null},
        {"email_address": "e@e.example"},
        {"email_address": 5, "verification": {"status": "verified"}},
        {"verification": {"status": "verified"}},
        "f@f.example", 5, null, [],
        verified("a@a.example"),
    ]);
    let permissions =
        json!([{"key": "org:b"}, {"key": 5}, {"name": "c"}, "org:d", 5, null, {"key": "org:a"}]);
    let cases = [
        (
            Table::Users,
            "verified_email_addresses",
            "email_addresses",
            addresses,
            r#"["Zoë@b.example","a@a.example"]"#,
        ),
        (Table::Roles, "permissions", "permissions", permissions, r#"["org:b","org:a"]"#),
        (
            Table::OrganizationMemberships,
            "permissions",
            "permissions",
            json!(["org:b", "org:a"]),
            r#"["org:b","org:a"]"#,
        ),
    ];
    for (table, column, field, value, right) in cases {
        let values = [value, json!([]), json!(null), json!("text"), json!({"key": "org:a"}), json!(5)];
        let rows: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(n, value)| (format!("{} {n}", table.name()), json!({field: value}).to_string()))
            .collect();
        let entries: Vec<_> = rows.iter().map(|(id, data)| snapshot_in(table, id, id, 1, data)).collect();
        database.store().apply(&entries).unwrap();
        let list = database.list(column);
        let found = database.texts(&format!("SELECT {list} AS value FROM {} ORDER BY id", table.name()));
        let right = [Some(right), Some("[]"), None, None, None, None].map(|text| text.map(str::to_owned));
        assert_eq!(found, right, "{}.{column}", table.name());
    }
}

pub fn a_domain_is_verified_in_any_of_three_ways(database: &dyn Database) {
    let cases = [
        (json!({"affiliation_verification": {"status": "verified"}}), "yes"),
        (json!({"ownership_verification": {"status": "verified"}, "verification": null}), "yes"),
        (
            json!({"verification": {"status": "verified"}, "affiliation_verification": {"status": "expired"}}),
            "yes",
        ),
        (json!({"affiliation_verification": {"status": "unverified"}, "ownership_verification": null}), "no"),
        (
            json!({"verification": "verified", "status": "verified", "ownership_verification": {"status": true}}),
            "no",
        ),
        (json!({}), "no"),
    ];
    for (n, (data, right)) in cases.into_iter().enumerate() {
        let (id, data) = (n.to_string(), data.to_string());
        database.store().apply(&[snapshot_in(Table::OrganizationDomains, &id, &id, 1, &data)]).unwrap();
        let verified = yes_or_no("verified");
        let sql = format!("SELECT {verified} AS value FROM organization_domains WHERE id = '{id}'");
        assert_eq!(database.text(&sql).as_deref(), Some(right), "{data}");
    }
}
