//! Erasing while a batch is being applied, on PostgreSQL: SQLite has one writer.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use worker::event::Table;
use worker::store::Erasure;

use crate::cases::{delete, deliver, life, live};
use crate::database::Database;
use crate::postgres::Postgres;

#[test]
fn an_erasure_waits_for_the_batches_that_know_nothing_of_it() {
    let database = Postgres::migrated();
    live(&database, "ada");
    delete(&database, "ada");
    // A batch asks who has been erased, and then has to wait for somebody else's transaction.
    let mut other = database.connection();
    other.batch_execute("BEGIN; INSERT INTO sessions (id) VALUES ('sess_new')").unwrap();
    thread::scope(|scope| {
        let batch = scope.spawn(|| {
            let (event_type, mut data) = life("ada").swap_remove(2);
            data["id"] = "sess_new".into();
            deliver(&database, "msg_new", event_type, data["created_at"].as_i64().unwrap(), &data)
        });
        let waiting = "SELECT query AS value FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        harness::wait_until("the batch to wait", Duration::from_secs(30), || {
            !database.texts(waiting).is_empty()
        });
        let error = database.another_store().erase("user_ada").unwrap_err();
        assert!(error.retryable(), "{error}");
        other.batch_execute("ROLLBACK").unwrap();
        batch.join().unwrap();
    });
    assert!(database.row(Table::Sessions, "sess_new").unwrap().data.is_some());
    assert!(matches!(database.store().erase("user_ada").unwrap(), Erasure::Done(_)));
    assert_eq!(database.row(Table::Sessions, "sess_new").unwrap().data, None);
    assert!(!database.dump().contains("PERSONAL"));
}
