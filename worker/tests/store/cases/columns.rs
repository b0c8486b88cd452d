//! The typed columns.

use serde_json::json;
use worker::event::Table;
use worker::store::Outcome::*;

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
    let verified = "CASE WHEN primary_email_address_verified THEN 'yes' \
                    WHEN NOT primary_email_address_verified THEN 'no' END";
    assert_eq!(of_all(verified), texts([Some("no"), Some("yes"), Some("no"), None]));
    assert_eq!(of_all("primary_phone_number"), texts([Some("+15555550100"), None, None, None]));
}

pub fn typed_columns_hold_what_the_data_says(database: &dyn Database) {
    let user = json!({"username": "ada", "banned": true, "locked": false, "created_at": START + 123,
                      "public_metadata": {"plan": "pro"}, "last_sign_in_at": null});
    let organization =
        json!({"slug": "acme", "members_count": 7, "max_allowed_memberships": 9_007_199_254_740_993_i64});
    let membership = json!({"organization": {"id": "org_1"}, "public_user_data": {"user_id": "user_1"},
                            "role": "org:admin", "permissions": ["org:a", "org:b"]});
    let data = [user, organization, membership].map(|data| data.to_string());
    let tables = [Table::Users, Table::Organizations, Table::OrganizationMemberships];
    let batch: Vec<_> = tables
        .iter()
        .zip(&data)
        .map(|(table, data)| snapshot_in(*table, table.name(), "id_1", 1, data))
        .collect();
    database.store().apply(&batch).unwrap();

    let is = |table: Table, expression: &str, expected: Option<&str>| {
        let found = database.text(&format!("SELECT {expression} AS value FROM {}", table.name()));
        assert_eq!(found.as_deref(), expected, "{expression}");
    };
    is(Table::Users, "username", Some("ada"));
    is(Table::Users, "first_name", None);
    is(Table::Users, "CASE WHEN banned AND NOT locked THEN 'yes' END", Some("yes"));
    is(Table::Users, &database.iso("created_at"), Some("2024-05-28T08:00:00.123Z"));
    is(Table::Users, &database.iso("last_sign_in_at"), None);
    is(Table::Users, "public_metadata ->> 'plan'", Some("pro"));
    is(Table::Organizations, "slug", Some("acme"));
    is(Table::Organizations, "CAST(members_count AS text)", Some("7"));
    is(Table::Organizations, "CAST(max_allowed_memberships AS text)", Some("9007199254740993"));
    is(Table::OrganizationMemberships, "organization_id", Some("org_1"));
    is(Table::OrganizationMemberships, "user_id", Some("user_1"));
    is(Table::OrganizationMemberships, "role", Some("org:admin"));
    is(Table::OrganizationMemberships, &database.list("permissions"), Some(r#"["org:a","org:b"]"#));
}

pub fn typed_columns_are_null_where_the_data_is_of_another_type(database: &dyn Database) {
    let wrong = [
        "null",
        "true",
        "5.5",
        "-1",
        "1e400",
        "-1e400",
        "9223372036854775808",
        "253402300800000",
        "\"5\"",
        "[]",
        "[5]",
        "{}",
    ];
    let columns = [
        (Table::Users, "username", "\"5\""),
        (Table::Users, "banned", "true"),
        (Table::Users, "created_at", "5.5"),
        (Table::Users, "public_metadata", "{}"),
        (Table::Organizations, "members_count", "-1 253402300800000"),
        (Table::OrganizationMemberships, "permissions", "[] [5]"),
    ];
    for (table, column, right) in columns {
        for value in wrong {
            let id = format!("{column} {value}");
            let data = format!(r#"{{"{column}":{value}}}"#);
            assert_eq!(database.store().apply(&[snapshot_in(table, &id, &id, 1, &data)]).unwrap(), [Applied]);
            let sql = format!(
                "SELECT CASE WHEN {column} IS NULL THEN 'null' END AS value FROM {} WHERE id = '{id}'",
                table.name()
            );
            let is_right = right.split(' ').any(|right| right == value);
            assert_eq!(database.text(&sql).is_none(), is_right, "{id}");
        }
    }
    for data in ["[]", "5", "\"text\"", "null", r#"["username"]"#] {
        assert_eq!(database.store().apply(&[snapshot(data, data, 1, data)]).unwrap(), [Applied], "{data}");
        let sql = format!("SELECT username AS value FROM users WHERE id = '{data}'");
        assert_eq!(database.text(&sql), None, "{data}");
    }
}

pub fn typed_columns_follow_the_data(database: &dyn Database) {
    let user = |email: &str| {
        json!({"username": email, "primary_email_address_id": "idn_1",
               "email_addresses": [{"id": "idn_1", "email_address": email}]})
        .to_string()
    };
    let store = database.store();
    let columns = || database.text("SELECT username || ' ' || primary_email_address AS value FROM users");
    store.apply(&[snapshot("msg_1", "user_1", 1, &user("old"))]).unwrap();
    assert_eq!(columns().as_deref(), Some("old old"));
    store.apply(&[snapshot("msg_2", "user_1", 2, &user("new")), deletion("msg_3", "user_1", 3)]).unwrap();
    assert_eq!(columns().as_deref(), Some("new new"));
    store.apply(&[deletion("msg_4", "user_1", 1)]).unwrap();
    assert_eq!(columns().as_deref(), Some("new new"));
}
