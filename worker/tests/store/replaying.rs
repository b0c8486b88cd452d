//! Replaying beside the ledger's upkeep, on PostgreSQL: SQLite has one writer and no partitions.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use worker::replay::{Replay, Summary};
use worker::store::{Outcome::*, Selection};

use crate::cases::deliver;
use crate::database::Database;
use crate::events::START;
use crate::postgres::Postgres;

#[test]
fn a_row_that_moves_into_its_own_partition_meanwhile_is_rewritten_there() {
    let database = Postgres::migrated();
    database.refuse_user("user_1");
    let data = serde_json::json!({"id": "user_1"});
    assert_eq!(deliver(&database, "msg_1", "user.created", START, &data), Dead);
    database.refuse_nobody();
    let rows = database.store().select(&Selection::default(), None, 10).unwrap();

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
        let replaying = scope.spawn(|| {
            let store = database.another_store();
            let replay = Replay { store: &*store, instance_id: None, unsigned: false, dry_run: false };
            let mut summary = Summary::default();
            replay.batch(rows, &mut summary).unwrap();
            summary
        });
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
