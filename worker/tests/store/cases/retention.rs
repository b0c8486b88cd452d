//! What upkeep deletes and what it leaves, and how much there is.

use std::thread;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use worker::event::{Entry, Millis, Table};
use worker::store::{Outcome::*, Store, Upkeep};

use crate::database::Database;
use crate::events::*;

const DAY: Duration = Duration::from_secs(24 * 3600);
const RETENTION: Option<Duration> = Some(Duration::from_secs(90 * 24 * 3600));

fn days_ago(days: i64) -> DateTime<Utc> {
    Utc::now() - TimeDelta::days(days)
}

fn event(svix_id: &str, occurred: DateTime<Utc>, received: DateTime<Utc>) -> Entry<'_> {
    Entry { occurred_at: Millis::from(occurred), received_at: Millis::from(received), ..ignored(svix_id, 0) }
}

fn ledger(database: &dyn Database) -> Vec<String> {
    let ids = database.texts("SELECT svix_id AS value FROM webhook_events ORDER BY svix_id");
    ids.into_iter().map(Option::unwrap).collect()
}

/// Runs upkeep until nothing is left to be done.
fn maintain(store: &dyn Store, retention: Option<Duration>) -> Upkeep {
    let mut all = Upkeep::default();
    loop {
        let run = store.maintain(retention).unwrap();
        assert_eq!(run.postponed, []);
        all.deleted += run.deleted;
        if !run.unfinished {
            return all;
        }
    }
}

/// Rows that nobody keeps.
fn insert_old(database: &dyn Database, rows: usize) {
    database.execute(&format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
         INSERT INTO webhook_events (svix_id, occurred_at, received_at, outcome)
         SELECT 'old_' || n, '2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z', 'applied' FROM numbers"
    ));
}

pub fn only_what_both_occurred_and_was_received_before_retention_is_deleted(database: &dyn Database) {
    let no_time = DateTime::UNIX_EPOCH;
    let batch = [
        event("both_before", days_ago(91), days_ago(91)),
        event("no_time_and_received_before", no_time, days_ago(91)),
        event("kept_received_lately", days_ago(91), days_ago(1)),
        event("kept_no_time_and_received_lately", no_time, days_ago(1)),
        event("kept_though_received_before", days_ago(60), days_ago(91)),
        event("kept_both_within", days_ago(89), days_ago(89)),
    ];
    database.store().apply(&batch).unwrap();
    for nothing in [None, Some(100 * DAY), Some(DAY * 365 * 5000), Some(Duration::MAX)] {
        assert_eq!(database.store().maintain(nothing).unwrap().deleted, 0, "{nothing:?}");
    }
    let upkeep = database.store().maintain(RETENTION).unwrap();
    assert_eq!((upkeep.deleted, upkeep.unfinished), (2, false));
    let kept = ledger(database);
    assert_eq!(kept.len(), 4);
    assert!(kept.iter().all(|id| id.starts_with("kept_")), "{kept:?}");
}

pub fn however_much_is_past_retention_all_of_it_is_deleted(database: &dyn Database) {
    insert_old(database, 25_000);
    database.store().apply(&[event("kept", days_ago(0), days_ago(0))]).unwrap();
    assert_eq!(maintain(database.store(), RETENTION).deleted, 25_000);
    assert_eq!(ledger(database), ["kept"]);
}

pub fn history_goes_as_the_ledger_does(database: &dyn Database) {
    let old = "2020-01-01T00:00:00.000Z";
    let now = days_ago(0).to_rfc3339_opts(SecondsFormat::Millis, true);
    let now = now.as_str();
    for (name, occurred, received) in
        [("old", old, old), ("kept_received_lately", old, now), ("kept_occurs_later", now, old)]
    {
        database.execute(&format!(
            "INSERT INTO webhook_event_history (svix_id, occurred_at, received_at, applied_at, outcome, replaced_at)
             VALUES ('{name}', '{occurred}', '{received}', '{received}', 'dead', '{now}')"
        ));
    }
    assert_eq!(maintain(database.store(), None).deleted, 0);
    assert_eq!(maintain(database.store(), RETENTION).deleted, 1);
    let kept = database.texts("SELECT svix_id AS value FROM webhook_event_history ORDER BY 1");
    assert_eq!(kept, [Some("kept_occurs_later".to_owned()), Some("kept_received_lately".to_owned())]);
}

pub fn processes_that_run_upkeep_at_once_do_it_once(database: &dyn Database) {
    insert_old(database, 5000);
    let deleted = thread::scope(|scope| {
        let processes = [(); 4].map(|()| {
            scope.spawn(|| {
                let store = database.another_store();
                // Whoever is turned away because another one is at it comes again: each may have been, by the others.
                let mut deleted = 0;
                loop {
                    let run = maintain(&*store, RETENTION);
                    deleted += run.deleted;
                    if !run.elsewhere {
                        return deleted;
                    }
                }
            })
        });
        processes.map(|process| process.join().unwrap())
    });
    assert_eq!(deleted.iter().sum::<usize>(), 5000);
    assert_eq!(ledger(database), [""; 0]);
}

pub fn events_are_applied_while_upkeep_runs(database: &dyn Database) {
    const EVENTS: usize = 1000;
    insert_old(database, 20_000);
    let svix_ids: Vec<_> = (0..EVENTS).map(|event| format!("msg_{event:04}")).collect();
    let deleted = thread::scope(|scope| {
        let lanes: Vec<_> = svix_ids
            .chunks(EVENTS / 2)
            .map(|svix_ids| {
                scope.spawn(|| {
                    let store = database.another_store();
                    for part in svix_ids.chunks(5) {
                        let batch: Vec<_> =
                            part.iter().map(|svix_id| event(svix_id, days_ago(0), days_ago(0))).collect();
                        assert_eq!(store.apply(&batch).unwrap(), [Ignored; 5]);
                    }
                })
            })
            .collect();
        let mut deleted = maintain(database.store(), RETENTION).deleted;
        while !lanes.iter().all(|lane| lane.is_finished()) {
            deleted += maintain(database.store(), RETENTION).deleted;
        }
        deleted
    });
    assert_eq!(deleted, 20_000);
    assert_eq!(ledger(database), svix_ids);
}

pub fn stats_count_the_rows_of_every_table(database: &dyn Database) {
    let store = database.store();
    store.maintain(None).unwrap();
    let empty = store.stats(true).unwrap();
    // The mirror, the ledger and its history, and who has been erased.
    assert_eq!((empty.rows, empty.tables.len()), (0, Table::ALL.len() + 3));
    let now = event("msg_3", days_ago(0), days_ago(0));
    store.apply(&[snapshot("msg_1", "user_1", 1, "{}"), deletion("msg_2", "user_2", 2), now]).unwrap();
    let stats = store.stats(true).unwrap();
    assert!(stats.exact);
    for table in &stats.tables {
        let rows = match table.table.as_str() {
            "users" => 2,
            "webhook_events" => 3,
            _ => 0,
        };
        assert_eq!(table.rows, rows, "{}", table.table);
        assert!(table.bytes > 0, "{}", table.table);
        if !table.partitions.is_empty() {
            assert_eq!(table.partitions.iter().map(|partition| partition.rows).sum::<i64>(), rows);
            let bytes = table.partitions.iter().map(|partition| partition.bytes).sum::<i64>();
            assert_eq!(table.bytes, bytes);
        }
    }
    assert_eq!(stats.rows, 5);
    assert_eq!(stats.bytes, stats.tables.iter().map(|table| table.bytes).sum::<i64>());
}
