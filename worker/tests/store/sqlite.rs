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

    fn revert_migrations(&self) {
        let migrations = FileBasedMigrations::from_path("../migrations/sqlite").unwrap();
        self.connection().revert_all_migrations(migrations).unwrap();
    }

    fn refuse_user(&self, id: &str) {
        self.execute(&format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON users WHEN NEW.id = '{id}'
             BEGIN SELECT raise(ABORT, 'refused by a trigger'); END"
        ));
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
    assert_eq!(migrated.into_iter().sum::<usize>(), 3);
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
