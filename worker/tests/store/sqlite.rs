//! The cases' database in SQLite, and what only SQLite can do.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use tempfile::TempDir;
use worker::apply::apply_batch;
use worker::store::{self, OpenError, Outcome::Applied, Store, StoreOptions};

use crate::cases::MIGRATIONS;
use crate::database::Database;
use crate::events::snapshot;

pub struct Sqlite {
    folder: TempDir,
    store: Arc<dyn Store>,
}

impl Sqlite {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        Self { folder, store }
    }

    pub fn migrated() -> Self {
        let database = Self::empty();
        database.store.migrate().unwrap();
        database
    }

    fn connection(&self) -> SqliteConnection {
        let path = self.folder.path().join("clerk.db");
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        connection
    }
}

fn open(folder: &Path) -> Arc<dyn Store> {
    let url = format!("sqlite:{}", folder.join("clerk.db").display());
    store::open(&url, &StoreOptions::default()).unwrap()
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The schema without its expressions. Diesel's own table is diesel's.
const SCHEMA: &str = "
    WITH object AS (
        SELECT type, name, tbl_name, sql FROM sqlite_schema
        WHERE name NOT LIKE 'sqlite%' AND tbl_name NOT LIKE '__diesel%'
    ), line (name, part, position, text) AS (
        SELECT name, 1, 0, type || ' ' || name FROM object WHERE type IN ('table', 'view')
        UNION ALL
        SELECT object.name, 2, cid, '    ' || column.name || iif(object.type = 'view', '', ' ' || lower(column.type))
            || iif(hidden, ' generated', '') || iif(\"notnull\", ' not null', '') || iif(pk, ' primary key', '')
        FROM object JOIN pragma_table_xinfo(object.name) AS column WHERE object.type IN ('table', 'view')
        UNION ALL
        SELECT tbl_name, 3, 0, '    ' || replace(sql, char(10) || '   ', '') FROM object WHERE type = 'index'
        UNION ALL
        SELECT tbl_name, 4, 0, '    trigger ' || name FROM object WHERE type = 'trigger'
    )
    SELECT text AS value FROM line ORDER BY name, part, position, text";

impl Database for Sqlite {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn another_store(&self) -> Arc<dyn Store> {
        open(self.folder.path())
    }

    fn execute(&self, sql: &str) {
        self.connection().batch_execute(sql).unwrap();
    }

    fn texts(&self, sql: &str) -> Vec<Option<String>> {
        let rows: Vec<Value> = diesel::sql_query(sql).load(&mut self.connection()).unwrap();
        rows.into_iter().map(|row| row.value).collect()
    }

    fn migrations(&self) -> &'static Path {
        Path::new("../migrations/sqlite")
    }

    fn revert_migrations(&self) {
        let migrations = FileBasedMigrations::from_path(self.migrations()).unwrap();
        self.connection().revert_all_migrations(migrations).unwrap();
    }

    fn revert_down_to(&self, version: &str) {
        let mut connection = self.connection();
        let mut revert_last = || {
            let migrations = FileBasedMigrations::from_path(self.migrations()).unwrap();
            connection.revert_last_migration(migrations).unwrap()
        };
        while revert_last() != version.into() {}
    }

    fn columns(&self, relation: &str) -> Vec<String> {
        let sql = format!("SELECT name AS value FROM pragma_table_xinfo('{relation}') ORDER BY cid");
        self.texts(&sql).into_iter().flatten().collect()
    }

    fn schema(&self) -> Vec<String> {
        self.texts(SCHEMA).into_iter().flatten().collect()
    }

    fn scans(&self, sql: &str) -> Vec<String> {
        let plan: Vec<Plan> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut self.connection()).unwrap();
        let step = |kind: &'static str| {
            plan.iter().filter_map(move |step| step.detail.strip_prefix(kind)).map(str::to_owned)
        };
        let intermediate: Vec<_> = step("MATERIALIZE ").chain(step("CO-ROUTINE ")).collect();
        let automatic = step("SEARCH ").filter(|what| what.contains("AUTOMATIC"));
        step("SCAN ")
            .filter(|what| !intermediate.contains(what) && !what.contains("VIRTUAL TABLE"))
            .chain(automatic)
            .collect()
    }

    fn refuse_users(&self, condition: &str) {
        for event in ["INSERT", "UPDATE"] {
            self.execute(&format!(
                "CREATE TRIGGER refuse_{event} AFTER {event} ON users WHEN {condition}
                 BEGIN SELECT raise(ABORT, 'refused by a trigger'); END"
            ));
        }
    }

    fn refusal(&self) -> String {
        "refused by a trigger".to_owned()
    }

    fn refuse_nobody(&self) {
        self.execute("DROP TRIGGER refuse_INSERT; DROP TRIGGER refuse_UPDATE");
    }

    fn rows(&self, table: &str) -> Vec<Option<String>> {
        let columns = self.texts(&format!("SELECT name AS value FROM pragma_table_xinfo('{table}')"));
        let quoted: Vec<_> = columns.into_iter().flatten().map(|name| format!("quote({name})")).collect();
        self.texts(&format!("SELECT {} AS value FROM {table}", quoted.join(" || ' ' || ")))
    }

    fn iso(&self, column: &str) -> String {
        column.to_owned()
    }

    fn list(&self, column: &str) -> String {
        column.to_owned()
    }
}

#[test]
fn processes_that_start_at_once_migrate_once() {
    let database = Sqlite::empty();
    let start = Barrier::new(4);
    let migrated = thread::scope(|scope| {
        let processes = [(); 4].map(|()| {
            scope.spawn(|| {
                let store = open(database.folder.path());
                start.wait();
                store.migrate().unwrap().len()
            })
        });
        processes.map(|process| process.join().unwrap())
    });
    assert_eq!(migrated.into_iter().sum::<usize>(), MIGRATIONS.len());
}

#[test]
fn the_file_is_in_wal_mode() {
    let mode = Sqlite::migrated().text("SELECT journal_mode AS value FROM pragma_journal_mode");
    assert_eq!(mode.as_deref(), Some("wal"));
}

#[test]
fn a_url_without_a_usable_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refusal =
        |path: &str| store::open(&format!("sqlite:{path}"), &StoreOptions::default()).err().unwrap();
    assert!(matches!(refusal(""), OpenError::NoFile));
    assert!(matches!(refusal(":memory:"), OpenError::NoFile));
    assert!(matches!(refusal(folder.path().to_str().unwrap()), OpenError::NoFile));
    let away = folder.path().join("away");
    let error = refusal(away.join("clerk.db").to_str().unwrap());
    assert!(matches!(&error, OpenError::NoFolder(path) if *path == away), "{error}");
}

#[test]
fn a_writer_that_takes_too_long_is_no_fault_of_the_events() {
    let database = Sqlite::migrated();
    let options = StoreOptions { acquire_timeout: Duration::from_millis(200), ..StoreOptions::default() };
    let url = format!("sqlite:{}", database.folder.path().join("clerk.db").display());
    let store = store::open(&url, &options).unwrap();
    let batch = [snapshot("msg_1", "user_1", 1, "{}")];
    let mut other = database.connection();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let error = store.apply(&batch).unwrap_err();
    assert!(error.retryable(), "{error}");
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(apply_batch(&*store, &batch).unwrap(), [Applied]);
}
