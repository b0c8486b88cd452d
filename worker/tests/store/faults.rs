//! What PostgreSQL does to a worker that is no fault of its events.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use harness::wait_until;
use worker::apply::apply_batch;
use worker::event::Entry;
use worker::store::{self, Outcome, Outcome::*, Store, StoreError, StoreOptions};

use crate::database::Database;
use crate::events::{deletion, snapshot};
use crate::postgres::Postgres;

const PATIENCE: Duration = Duration::from_secs(60);
/// Other sessions of this database that wait for a lock.
const WAITING: &str = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

fn count(database: &Postgres, from: &str) -> usize {
    let rows = database.texts(&format!("SELECT count(*)::text AS value {from}"));
    rows[0].as_deref().unwrap().parse().unwrap()
}

/// Applies a batch while `meanwhile` runs, over and over, until it is done.
fn apply_while(
    store: &dyn Store,
    batch: &[Entry<'_>],
    mut meanwhile: impl FnMut(),
) -> Result<Vec<Outcome>, StoreError> {
    thread::scope(|scope| {
        let applied = scope.spawn(|| apply_batch(store, batch));
        wait_until("the batch is done", PATIENCE, || {
            meanwhile();
            applied.is_finished()
        });
        applied.join().unwrap()
    })
}

#[test]
fn a_statement_that_is_cancelled_is_no_fault_of_the_event() {
    let database = Postgres::migrated();
    let batch = [snapshot("msg_1", "user_1", 1, "{}"), snapshot("msg_2", "user_2", 2, "{}")];
    let mut other = database.connection();
    other.batch_execute("BEGIN; INSERT INTO users (id) VALUES ('user_2')").unwrap();
    let error = apply_while(database.store(), &batch, || {
        database.texts(&format!("SELECT pg_cancel_backend(pid)::text AS value {WAITING}"));
    });
    let error = error.unwrap_err();
    assert!(error.retryable() && error.to_string().ends_with("(SQLSTATE 57014)"), "{error}");
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(apply_batch(database.store(), &batch).unwrap(), [Applied, Applied]);
}

#[test]
fn a_deadlock_is_no_fault_of_the_events() {
    let database = Postgres::migrated();
    let mut other = database.connection();
    // Of the two, the worker is the one that finds out.
    other
        .batch_execute("SET deadlock_timeout = '1h'; BEGIN; INSERT INTO users (id) VALUES ('user_2')")
        .unwrap();
    let batch = [snapshot("msg_1", "user_1", 1, "{}"), snapshot("msg_2", "user_2", 2, "{}")];
    let mut deadlocked = false;
    let outcomes = apply_while(database.store(), &batch, || {
        if !deadlocked && count(&database, WAITING) == 1 {
            deadlocked = true;
            other.batch_execute("INSERT INTO users (id) VALUES ('user_1'); ROLLBACK").unwrap();
        }
    });
    assert!(deadlocked);
    assert_eq!(outcomes.unwrap(), [Applied, Applied]);
}

#[test]
fn a_right_that_is_missing_is_no_fault_of_the_events() {
    let database = Postgres::migrated();
    let store = database.store_of_a_writer();
    let batch = [snapshot("msg_1", "user_1", 1, "{}"), snapshot("msg_2", "user_2", 2, "{}")];
    for table in ["users", "webhook_events"] {
        database.execute(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
        let error = apply_batch(&*store, &batch).unwrap_err();
        assert!(error.retryable() && error.to_string().ends_with("(SQLSTATE 42501)"), "{error}");
        database.execute(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"));
    }
    assert_eq!(apply_batch(&*store, &batch).unwrap(), [Applied, Applied]);
}

#[test]
fn what_a_trigger_refuses_only_at_the_commit_is_dead() {
    let database = Postgres::migrated();
    database.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE 'refused at the commit' USING ERRCODE = 'UE001'; END $$;
         CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW WHEN (NEW.id = 'user_1') EXECUTE FUNCTION refuse();",
    );
    let batch = [snapshot("msg_1", "user_1", 1, "{}"), snapshot("msg_2", "user_2", 2, "{}")];
    assert_eq!(apply_batch(database.store(), &batch).unwrap(), [Dead, Applied]);
    let error = database.store().event("msg_1").unwrap().unwrap().error;
    assert_eq!(error.as_deref(), Some("refused at the commit (SQLSTATE UE001)"));
}

#[test]
fn however_many_connections_are_lost_at_once_one_batch_fails() {
    const CONNECTIONS: u32 = 4;
    let database = Postgres::migrated();
    let options = StoreOptions { connections: CONNECTIONS.try_into().unwrap(), ..StoreOptions::default() };
    let store = store::open(&format!("{}?application_name=tested", database.url()), &options).unwrap();
    let ours = "FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'tested' AND state = 'idle'";
    for loss in 0..3 {
        // As many are open once as many wait for a lock.
        let mut other = database.connection();
        other.batch_execute("BEGIN; LOCK TABLE users").unwrap();
        thread::scope(|scope| {
            for thread in 0..CONNECTIONS {
                let (store, svix_id) = (&*store, format!("msg_{loss}_{thread}"));
                scope.spawn(move || store.apply(&[deletion(&svix_id, &svix_id, 1)]).unwrap());
            }
            wait_until("every connection is in use", PATIENCE, || {
                count(&database, WAITING) == CONNECTIONS as usize
            });
            other.batch_execute("ROLLBACK").unwrap();
        });
        assert_eq!(count(&database, ours), CONNECTIONS as usize);
        database.texts(&format!("SELECT pg_terminate_backend(pid)::text AS value {ours}"));
        let svix_id = format!("msg_{loss}");
        let batch = [deletion(&svix_id, "user_1", 10 - loss)];
        let error = if loss == 0 { store.ping().unwrap_err() } else { store.apply(&batch).unwrap_err() };
        assert!(error.retryable(), "{error}");
        for _ in 0..CONNECTIONS {
            store.ping().unwrap();
        }
        assert_eq!(store.apply(&batch).unwrap(), [Applied]);
    }
}
