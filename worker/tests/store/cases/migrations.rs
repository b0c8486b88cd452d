//! Migrations, up and down.

use serde_json::json;
use worker::event::Table;
use worker::store::Outcome::*;

use crate::database::Database;
use crate::events::*;

const MIGRATIONS: [&str; 3] = ["0001_ledger", "0002_mirror", "0003_typed_columns"];

pub fn a_migrated_database_has_nothing_left_to_migrate(database: &dyn Database) {
    assert!(database.store().migrate().unwrap().is_empty());
    database.store().ping().unwrap();
    for table in Table::ALL {
        database.store().probe(table).unwrap();
    }
}

pub fn migrations_go_down_and_up_with_rows_in_place(database: &dyn Database) {
    let store = database.store();
    store.apply(&[snapshot("msg_1", "user_1", 1, "{}"), deletion("msg_2", "user_2", 2)]).unwrap();
    database.revert_migrations();
    assert!(store.probe(Table::Users).is_err());
    assert_eq!(store.migrate().unwrap(), MIGRATIONS);
    assert_eq!(store.apply(&[snapshot("msg_1", "user_1", 1, "{}")]).unwrap(), [Applied]);
}

pub fn every_table_takes_a_row(database: &dyn Database) {
    let entries = Table::ALL.map(|table| snapshot_in(table, table.name(), "id_1", 1, r#"{"a":1}"#));
    assert_eq!(database.store().apply(&entries).unwrap(), [Applied; 13]);
    for table in Table::ALL {
        assert_eq!(database.row(table, "id_1").unwrap().data, Some(json!({"a": 1})));
    }
}
