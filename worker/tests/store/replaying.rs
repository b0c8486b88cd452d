//! Replaying in what only PostgreSQL has: partitions that move, constraints that wait for the commit, roles.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use worker::replay::{Replay, Summary};
use worker::store::{LedgerRow, Outcome::*, Selection, Store};

use crate::cases::deliver;
use crate::database::Database;
use crate::events::START;
use crate::postgres::Postgres;

/// A dead event about `user_1`, whose cause is gone.
fn with_a_dead_event() -> (Postgres, Vec<LedgerRow>) {
    let database = Postgres::migrated();
    database.refuse_user("user_1");
    let data = serde_json::json!({"id": "user_1"});
    assert_eq!(deliver(&database, "msg_1", "user.created", START, &data), Dead);
    database.refuse_nobody();
    let rows = database.store().select(&Selection::default(), None, 10).unwrap();
    (database, rows)
}

fn replay(store: &dyn Store, rows: Vec<LedgerRow>, dry_run: bool) -> Summary {
    let mut summary = Summary::default();
    Replay { store, instance_id: None, unsigned: false, dry_run }.batch(rows, &mut summary).unwrap();
    summary
}

#[test]
fn a_dry_run_meets_what_a_commit_would_meet() {
    let (database, rows) = with_a_dead_event();
    database.execute(
        "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'too late'; END $$;
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION late();",
    );
    for dry_run in [true, false] {
        let summary = replay(database.store(), rows.clone(), dry_run);
        assert_eq!(summary, Summary { selected: 1, dead: 1, ..Summary::default() });
    }
    assert_eq!(
        database.store().event("msg_1").unwrap().unwrap().error.as_deref(),
        Some("too late (SQLSTATE P0001)")
    );
}

#[test]
fn a_role_that_may_read_and_write_rows_may_replay() {
    let (database, rows) = with_a_dead_event();
    assert_eq!(replay(&*database.store_of_a_writer(), rows, false).applied, 1);
    assert_eq!(database.store().history("msg_1").unwrap().len(), 1);
}

#[test]
fn a_row_that_moves_into_its_own_partition_meanwhile_is_rewritten_there() {
    let (database, rows) = with_a_dead_event();
    let mut upkeep = database.connection();
    upkeep
        .batch_execute(
            "BEGIN;
             LOCK TABLE ONLY webhook_events IN SHARE ROW EXCLUSIVE MODE;
             CREATE TABLE week (LIKE webhook_events INCLUDING ALL EXCLUDING INDEXES);
             LOCK TABLE webhook_events_default IN ACCESS EXCLUSIVE MODE;
             WITH moved AS (DELETE FROM webhook_events_default RETURNING *) INSERT INTO week SELECT * FROM moved;
             ALTER TABLE webhook_events ATTACH PARTITION week FOR VALUES FROM ('2024-05-27') TO ('2024-06-03');",
        )
        .unwrap();
    thread::scope(|scope| {
        let replaying = scope.spawn(|| replay(&*database.another_store(), rows, false));
        let waiting = "SELECT query AS value FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        harness::wait_until("the replay to wait", Duration::from_secs(30), || {
            !database.texts(waiting).is_empty()
        });
        upkeep.batch_execute("COMMIT").unwrap();
        assert_eq!(replaying.join().unwrap().applied, 1);
    });
    let moved = database.texts("SELECT outcome AS value FROM week");
    assert_eq!(moved, [Some("applied".to_owned())]);
    assert_eq!(database.store().history("msg_1").unwrap().len(), 1);
}
