//! The cases' database in PostgreSQL, and what only PostgreSQL can do.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use worker::apply::apply_batch;
use worker::event::{Entry, Table, Verdict};
use worker::store::{self, Outcome::*, Store, StoreOptions};

use crate::cases::MIGRATIONS;
use crate::database::Database;
use crate::events::{START, at, deletion, snapshot};

pub struct Postgres {
    url: String,
    store: Arc<dyn Store>,
}

impl Postgres {
    fn empty() -> Self {
        let url = harness::postgres().fresh_database("store");
        let store = open(&url);
        Self { url, store }
    }

    pub fn migrated() -> Self {
        let database = Self::empty();
        database.store.migrate().unwrap();
        database
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn connection(&self) -> PgConnection {
        let mut connection = PgConnection::establish(&self.url).unwrap();
        connection.batch_execute("SET search_path = clerk").unwrap();
        connection
    }

    /// A store whose role may read and write the rows of every table, and nothing more.
    pub fn store_of_a_writer(&self) -> Arc<dyn Store> {
        let role = harness::unique("writer");
        self.execute(&format!(
            "CREATE ROLE {role} LOGIN;
             GRANT USAGE ON SCHEMA clerk TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA clerk TO {role};"
        ));
        let (_, location) = self.url.split_once('@').unwrap();
        open(&format!("postgres://{role}@{location}"))
    }
}

fn open(url: &str) -> Arc<dyn Store> {
    store::open(url, &StoreOptions::default()).unwrap()
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// The schema from the catalogue, in words that do not depend on the server's version: of what expressions say
/// there is only what names things. Partitions come and go, and diesel's own table is diesel's.
const SCHEMA: &str = "
    WITH relation AS (
        SELECT oid, relname::text AS name, relkind
        FROM pg_class
        WHERE relnamespace = 'clerk'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
          AND NOT starts_with(relname, '__diesel')
    ), line (name, part, position, text) AS (
        SELECT name, 1, 0, CASE relkind WHEN 'v' THEN 'view ' ELSE 'table ' END || name FROM relation
        UNION ALL
        SELECT name, 2, attnum, concat('    ', attname, ' ', format_type(atttypid, atttypmod),
            CASE WHEN attgenerated <> '' THEN ' generated' END, CASE WHEN attnotnull THEN ' not null' END)
        FROM relation JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT name, 3, 0, concat('    constraint ', conname, ' ', pg_get_constraintdef(pg_constraint.oid))
        FROM relation JOIN pg_constraint ON conrelid = relation.oid AND contype IN ('p', 'u', 'c', 'f')
        UNION ALL
        SELECT name, 4, 0, concat('    ', pg_get_indexdef(indexrelid))
        FROM relation JOIN pg_index ON indrelid = oid AND NOT indisprimary
        UNION ALL
        SELECT name, 5, 0, concat('    ', pg_get_triggerdef(pg_trigger.oid))
        FROM relation JOIN pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
        UNION ALL
        SELECT proname, 6, 0, concat('function ', proname, '(', pg_get_function_identity_arguments(oid), ') returns ',
            pg_get_function_result(oid), CASE provolatile WHEN 'i' THEN ' immutable' END)
        FROM pg_proc WHERE pronamespace = 'clerk'::regnamespace
    )
    SELECT text AS value FROM line ORDER BY part = 6, name COLLATE \"C\", part, position, text COLLATE \"C\"";

impl Database for Postgres {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn another_store(&self) -> Arc<dyn Store> {
        open(&self.url)
    }

    fn execute(&self, sql: &str) {
        self.connection().batch_execute(sql).unwrap();
    }

    fn texts(&self, sql: &str) -> Vec<Option<String>> {
        let rows: Vec<Value> = diesel::sql_query(sql).load(&mut self.connection()).unwrap();
        rows.into_iter().map(|row| row.value).collect()
    }

    fn migrations(&self) -> &'static Path {
        Path::new("../migrations/postgres")
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
        let sql = format!(
            "SELECT attname::text AS value FROM pg_attribute
             WHERE attrelid = 'clerk.{relation}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        );
        self.texts(&sql).into_iter().flatten().collect()
    }

    fn schema(&self) -> Vec<String> {
        self.texts(SCHEMA).into_iter().flatten().collect()
    }

    fn scans(&self, sql: &str) -> Vec<String> {
        let plan: Vec<Plan> =
            diesel::sql_query(format!("EXPLAIN (COSTS OFF) {sql}")).load(&mut self.connection()).unwrap();
        plan.into_iter().map(|plan| plan.line).filter(|line| line.contains("Seq Scan")).collect()
    }

    fn refuse_users(&self, condition: &str) {
        self.execute(&format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE 'refused by a trigger'; END $$;
             CREATE TRIGGER refuse AFTER INSERT OR UPDATE ON users
                 FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse();"
        ));
    }

    fn refuse_nobody(&self) {
        self.execute("DROP TRIGGER refuse ON users");
    }

    fn refusal(&self) -> String {
        "refused by a trigger (SQLSTATE P0001)".to_owned()
    }

    fn rows(&self, table: &str) -> Vec<Option<String>> {
        self.texts(&format!("SELECT row_to_json(t)::text AS value FROM {table} t"))
    }

    fn iso(&self, column: &str) -> String {
        format!(r#"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"#)
    }

    fn list(&self, column: &str) -> String {
        format!("array_to_json({column})::text")
    }
}

#[test]
fn workers_that_start_at_once_migrate_once() {
    let database = Postgres::empty();
    let start = Barrier::new(4);
    let migrated = thread::scope(|scope| {
        let workers = [(); 4].map(|()| {
            scope.spawn(|| {
                let store = open(&database.url);
                start.wait();
                store.migrate().unwrap().len()
            })
        });
        workers.map(|worker| worker.join().unwrap())
    });
    assert_eq!(migrated.into_iter().sum::<usize>(), MIGRATIONS.len());
}

#[test]
fn an_application_with_migrations_of_its_own_is_left_alone() {
    let database = Postgres::empty();
    database
        .connection()
        .batch_execute(
            "CREATE TABLE public.__diesel_schema_migrations (
             version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT now());
         INSERT INTO public.__diesel_schema_migrations VALUES ('0001'), ('0002');",
        )
        .unwrap();
    assert_eq!(database.store().migrate().unwrap(), MIGRATIONS);
    let versions = |schema: &str| {
        database
            .texts(&format!("SELECT version AS value FROM {schema}.__diesel_schema_migrations ORDER BY 1"))
            .len()
    };
    assert_eq!((versions("public"), versions("clerk")), (2, MIGRATIONS.len()));
    let in_public = "SELECT tablename::text AS value FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.texts(in_public), [Some("__diesel_schema_migrations".to_owned())]);
}

#[test]
fn reverting_leaves_nothing_behind() {
    let database = Postgres::migrated();
    database.store().maintain(None).unwrap();
    database.revert_migrations();
    let relations = "SELECT relname::text AS value FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                     WHERE nspname = 'clerk' AND relname NOT LIKE '\\_\\_diesel%'";
    assert_eq!(database.texts(relations), []);
    let functions = "SELECT proname::text AS value FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
                     WHERE nspname = 'clerk'";
    assert_eq!(database.texts(functions), []);
}

#[test]
fn a_lock_that_is_held_too_long_is_no_fault_of_the_events() {
    let database = Postgres::migrated();
    let options = StoreOptions { statement_timeout: Duration::from_millis(200), ..StoreOptions::default() };
    let store = store::open(&database.url, &options).unwrap();
    let mut other = database.connection();
    other.batch_execute("BEGIN; INSERT INTO users (id) VALUES ('user_1')").unwrap();
    let error = apply_batch(&*store, &[snapshot("msg_1", "user_1", 1, "{}")]).unwrap_err();
    assert!(error.retryable(), "{error}");
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(apply_batch(&*store, &[snapshot("msg_1", "user_1", 1, "{}")]).unwrap(), [Applied]);
}

#[test]
fn a_connection_that_was_cut_is_replaced() {
    let database = Postgres::migrated();
    database.store().ping().unwrap();
    database.texts(
        "SELECT pg_terminate_backend(pid)::text AS value FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let error = database.store().apply(&[deletion("msg_1", "user_1", 1)]).unwrap_err();
    assert!(error.retryable(), "{error}");
    assert_eq!(database.store().apply(&[deletion("msg_1", "user_1", 1)]).unwrap(), [Applied]);
}

#[test]
fn what_no_text_can_hold_is_dead_and_keeps_its_payload() {
    let database = Postgres::migrated();
    let nul = Entry {
        event_type: Some(Cow::Borrowed("user.\0")),
        payload: Some("not JSON, \0 and ü"),
        verdict: Verdict::Dead(Cow::Borrowed("the body is not JSON")),
        ..snapshot("msg_1", "user_1", 1, "{}")
    };
    let escaped_nul = snapshot("msg_2", "user_2", 1, r#"{"name":"\u0000"}"#);
    let fine = snapshot("msg_3", "user_3", 1, "{}");
    assert_eq!(apply_batch(database.store(), &[nul, escaped_nul, fine]).unwrap(), [Dead, Dead, Applied]);
    let row = database.store().event("msg_1").unwrap().unwrap();
    assert_eq!(row.event_type.as_deref(), Some(r"user.\u0000"));
    assert_eq!(row.payload.as_deref(), Some(r"not JSON, \u0000 and \u00fc"));
    let row = database.store().event("msg_2").unwrap().unwrap();
    assert_eq!(row.payload.as_deref(), Some(r#"{"type":"…"}"#));
    assert!(row.error.is_some());
}

#[test]
fn each_statement_is_prepared_once() {
    let database = Postgres::migrated();
    database.execute(
        "CREATE TABLE public.seen (statements bigint);
         CREATE FUNCTION public.look() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.seen SELECT count(*) FROM pg_prepared_statements
                      WHERE statement LIKE 'INSERT INTO clerk.%'; RETURN NULL; END $$;
         CREATE TRIGGER look AFTER INSERT ON webhook_events EXECUTE FUNCTION public.look();",
    );
    for batch in 1..=5 {
        let names: Vec<_> = (0..batch).map(|n| (format!("msg_{batch}_{n}"), format!("user_{n}"))).collect();
        let entries: Vec<_> = names.iter().map(|(svix_id, user)| snapshot(svix_id, user, 1, "{}")).collect();
        database.store().apply(&entries).unwrap();
    }
    let seen = database.texts("SELECT statements::text AS value FROM public.seen");
    assert_eq!(seen, vec![Some("2".to_owned()); 5]);
}

#[test]
fn what_is_known_already_is_not_written_again() {
    let database = Postgres::migrated();
    let batch = || [snapshot("msg_1", "user_1", 1, "{}"), deletion("msg_2", "user_1", 2)];
    database.store().apply(&batch()).unwrap();
    let writer = || database.text("SELECT xmin::text AS value FROM users");
    let before = writer();
    assert_eq!(database.store().apply(&batch()).unwrap(), [Duplicate, Duplicate]);
    assert_eq!(writer(), before);
}

#[test]
fn times_of_the_whole_range_are_kept() {
    let database = Postgres::migrated();
    for (user, time) in [("first", -START), ("last", 253_402_300_799_949 - START)] {
        assert_eq!(database.store().apply(&[deletion(user, user, time)]).unwrap(), [Applied]);
        assert_eq!(database.store().event(user).unwrap().unwrap().occurred_at, at(time).to_datetime());
        let row = database.row(Table::Users, user).unwrap();
        assert_eq!(row.deleted_at, Some(at(time).to_rfc3339()));
    }
}

#[test]
fn a_server_that_is_away_is_worth_another_try() {
    let options = StoreOptions { acquire_timeout: Duration::from_millis(300), ..StoreOptions::default() };
    let url = format!("postgres://app:hunter2@127.0.0.1:{}/app", harness::free_port());
    let error = store::open(&url, &options).unwrap().ping().unwrap_err();
    assert!(error.retryable(), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}
