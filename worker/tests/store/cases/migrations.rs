//! Migrations, up and down.

use serde_json::json;
use worker::event::Table;
use worker::store::Outcome::*;

use crate::database::Database;
use crate::events::*;

pub const MIGRATIONS: [&str; 6] =
    ["0001_ledger", "0002_mirror", "0003_typed_columns", "0004_views", "0005_erasure", "0006_history"];

pub fn a_migrated_database_has_nothing_left_to_migrate(database: &dyn Database) {
    assert!(database.store().migrate().unwrap().is_empty());
    database.store().ping().unwrap();
}

pub fn migrations_go_down_and_up_with_rows_in_place(database: &dyn Database) {
    let store = database.store();
    let apply_to_all = || {
        let names = Table::ALL.map(|table| (table, format!("msg_{}", table.name())));
        let mut entries: Vec<_> =
            names.iter().map(|(table, svix_id)| snapshot_in(*table, svix_id, "id_1", 1, "{}")).collect();
        entries.push(deletion("msg_2", "user_2", 2));
        assert_eq!(store.apply(&entries).unwrap(), [Applied; 14]);
    };
    apply_to_all();
    database.revert_migrations();
    assert!(store.apply(&[ignored("msg_1", 1)]).is_err());
    assert_eq!(store.migrate().unwrap(), MIGRATIONS);
    apply_to_all();
}

pub fn typed_columns_of_rows_that_are_there_are_filled(database: &dyn Database) {
    let user = json!({
        "first_name": "Ada",
        "primary_email_address_id": "idn_1",
        "email_addresses": [
            {"id": "idn_1", "email_address": "ada@a.example", "verification": {"status": "verified"}},
        ],
    });
    let role = json!({"key": "org:admin", "permissions": [{"key": "org:a"}]});
    let (user, role) = (user.to_string(), role.to_string());
    let store = database.store();
    store
        .apply(&[
            snapshot("msg_1", "user_1", 1, &user),
            snapshot_in(Table::Roles, "msg_2", "role_1", 1, &role),
        ])
        .unwrap();
    let schema = database.schema();
    database.revert_down_to("0003");
    for table in Table::ALL {
        assert_eq!(database.columns(table.name()), ["id", "data", "version", "deleted_at"]);
    }
    store.migrate().unwrap();
    assert_eq!(database.schema(), schema);
    let names = database.text("SELECT first_name || ' ' || primary_email_address AS value FROM users");
    assert_eq!(names.as_deref(), Some("Ada ada@a.example"));
    let verified = format!("SELECT {} AS value FROM users", database.list("verified_email_addresses"));
    assert_eq!(database.text(&verified).as_deref(), Some(r#"["ada@a.example"]"#));
    let permissions = format!("SELECT {} AS value FROM roles", database.list("permissions"));
    assert_eq!(database.text(&permissions).as_deref(), Some(r#"["org:a"]"#));
}

pub fn every_table_takes_a_row(database: &dyn Database) {
    let entries = Table::ALL.map(|table| snapshot_in(table, table.name(), "id_1", 1, r#"{"a":1}"#));
    assert_eq!(database.store().apply(&entries).unwrap(), [Applied; 13]);
    for table in Table::ALL {
        assert_eq!(database.row(table, "id_1").unwrap().data, Some(json!({"a": 1})));
    }
}
