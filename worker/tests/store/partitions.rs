//! The ledger's partitions, which only PostgreSQL has.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use worker::event::{Entry, Millis};
use worker::store::{EventFilter, Outcome::*, Upkeep};

use crate::database::Database;
use crate::events::ignored;
use crate::postgres::Postgres;

/// Thirteen weeks: whatever day it is, it ends within the week that began thirteen weeks before this one.
const RETENTION: Option<Duration> = Some(Duration::from_secs(13 * 7 * 24 * 3600));
const ANY: EventFilter =
    EventFilter { event_type: None, outcome: None, object_id: None, user_id: None, since: None, limit: 100 };

/// An event of that time, received then.
fn event<'a>(svix_id: &'a str, time: &str) -> Entry<'a> {
    let time = Millis::from(time.parse::<DateTime<Utc>>().unwrap());
    Entry { occurred_at: time, received_at: time, ..ignored(svix_id, 0) }
}

fn event_of_now(svix_id: &str) -> Entry<'_> {
    event(svix_id, &Utc::now().to_rfc3339())
}

impl Postgres {
    /// Partitions of the ledger, the default partition not among them.
    fn partitions(&self) -> Vec<String> {
        let names = self.texts(
            "SELECT inhrelid::regclass::text AS value FROM pg_inherits
             WHERE inhparent = 'webhook_events'::regclass AND inhrelid <> 'webhook_events_default'::regclass
             ORDER BY 1",
        );
        names.into_iter().map(Option::unwrap).collect()
    }

    /// The partition of the week that begins so many weeks from now.
    fn week(&self, weeks: i32) -> String {
        let name = format!(
            "SELECT to_char(date_trunc('week', now() AT TIME ZONE 'UTC') + {weeks} * interval '7 days',
                            '\"webhook_events_\"YYYYMMDD') AS value"
        );
        self.text(&name).unwrap()
    }

    /// The partitions that upkeep has to make.
    fn wanted(&self) -> Vec<String> {
        (-1..=4).map(|week| self.week(week)).collect()
    }

    /// Makes a partition.
    fn attach(&self, partition: &str, from: &str, to: &str) {
        self.execute(&format!(
            "CREATE TABLE {partition} PARTITION OF webhook_events
             FOR VALUES FROM ('{from} 00:00:00+00') TO ('{to} 00:00:00+00')"
        ));
    }

    /// Which partition an event is in.
    fn partition_of(&self, svix_id: &str) -> String {
        let sql = format!(
            "SELECT tableoid::regclass::text AS value FROM webhook_events WHERE svix_id = '{svix_id}'"
        );
        self.text(&sql).unwrap()
    }
}

#[track_caller]
fn assert_all_done(upkeep: &Upkeep) {
    assert_eq!((&upkeep.postponed[..], upkeep.elsewhere, upkeep.unfinished), (&[][..], false, false));
}

#[test]
fn partitions_are_made_from_last_week_to_four_weeks_ahead_and_once() {
    let database = Postgres::migrated();
    let upkeep = database.store().maintain(RETENTION).unwrap();
    assert_all_done(&upkeep);
    assert_eq!(upkeep.made, database.wanted());
    assert_eq!(database.partitions(), database.wanted());
    assert_eq!(database.store().maintain(RETENTION).unwrap(), Upkeep::default());
}

#[test]
fn a_partition_has_all_that_the_ledger_has() {
    let database = Postgres::migrated();
    let described = |table: &str| {
        database.texts(&format!(
            "SELECT concat_ws(' ', attname, atttypid::regtype, attnotnull, attcompression, attstorage,
                              pg_get_expr(adbin, adrelid)) AS value
             FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
             WHERE attrelid = '{table}'::regclass AND attnum > 0
             UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{table}'::regclass
             UNION ALL SELECT regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '')
                       FROM pg_index WHERE indrelid = '{table}'::regclass AND indisvalid
             ORDER BY 1"
        ))
    };
    let partition = database.store().maintain(None).unwrap().made[0].clone();
    assert_eq!(described(&partition), described("webhook_events"));
    let parents = "SELECT count(*)::text AS value FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid
                   WHERE indrelid = '{}'::regclass";
    let indexes = database.text(&parents.replace("{}", &partition)).unwrap();
    assert_eq!(database.text(&parents.replace("{}", "webhook_events_default")).unwrap(), indexes);
}

#[test]
fn processes_that_start_at_once_make_each_partition_once() {
    let database = Postgres::migrated();
    let start = Barrier::new(4);
    let runs = thread::scope(|scope| {
        let processes = [(); 4].map(|()| {
            scope.spawn(|| {
                let store = database.another_store();
                start.wait();
                store.maintain(RETENTION).unwrap()
            })
        });
        processes.map(|process| process.join().unwrap())
    });
    let mut made: Vec<_> = runs.iter().flat_map(|run| run.made.clone()).collect();
    made.sort();
    assert_eq!(made, database.wanted());
    assert!(runs.iter().all(|run| run.postponed.is_empty()), "{runs:?}");
}

#[test]
fn a_run_leaves_everything_to_another_that_is_at_it() {
    let database = Postgres::migrated();
    let mut other = database.connection();
    other.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(x'636c65726b75706b'::bigint)").unwrap();
    let upkeep = database.store().maintain(RETENTION).unwrap();
    assert_eq!(upkeep, Upkeep { elsewhere: true, ..Upkeep::default() });
    assert_eq!(database.partitions(), [""; 0]);
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(database.store().maintain(RETENTION).unwrap().made, database.wanted());
}

#[test]
fn rows_move_into_their_partition_and_are_still_known() {
    let database = Postgres::migrated();
    let store = database.store();
    let batch = || [event_of_now("msg_now"), event("msg_old", "2024-05-28T08:00:00Z")];
    let first = batch();
    assert_eq!(store.apply(&first).unwrap(), [Ignored; 2]);
    let before = store.event("msg_now").unwrap();
    assert_eq!(database.partition_of("msg_now"), "webhook_events_default");

    assert_eq!(store.maintain(None).unwrap().moved, 1);
    assert_eq!(database.partition_of("msg_now"), database.week(0));
    assert_eq!(database.partition_of("msg_old"), "webhook_events_default");
    assert_eq!(store.event("msg_now").unwrap(), before);
    assert_eq!(store.apply(&first).unwrap(), [Duplicate; 2]);
}

#[test]
fn an_event_of_a_week_without_a_partition_is_known_when_it_comes_again() {
    let database = Postgres::migrated();
    let store = database.store();
    store.maintain(None).unwrap();
    let old = || [event("msg_old", "2024-05-28T08:00:00Z")];
    assert_eq!(store.apply(&old()).unwrap(), [Ignored]);
    assert_eq!(database.partition_of("msg_old"), "webhook_events_default");
    assert_eq!(store.apply(&old()).unwrap(), [Duplicate]);
}

#[test]
fn events_are_found_in_whichever_partition_they_are() {
    let database = Postgres::migrated();
    let store = database.store();
    store.maintain(None).unwrap();
    database.attach("webhook_events_20240101", "2024-01-01", "2024-01-08");
    let batch = [
        event("msg_1", "1970-01-01T00:00:00Z"),
        event("msg_2", "2024-01-03T00:00:00Z"),
        event("msg_3", "2024-05-28T08:00:00Z"),
        event_of_now("msg_4"),
    ];
    store.apply(&batch).unwrap();
    let listed = store.events(&EventFilter { limit: 3, ..ANY }).unwrap();
    let ids: Vec<_> = listed.iter().map(|row| row.svix_id.as_str()).collect();
    assert_eq!(ids, ["msg_4", "msg_3", "msg_2"]);
    for id in ["msg_1", "msg_2", "msg_3", "msg_4"] {
        assert_eq!(store.event(id).unwrap().unwrap().svix_id, id);
    }
}

#[test]
fn a_partition_is_dropped_once_all_of_it_is_past_retention() {
    let database = Postgres::migrated();
    let store = database.store();
    database.attach("webhook_events_20240101", "2024-01-01", "2024-01-08");
    database.attach("webhook_events_20240108", "2024-01-08", "2024-01-15");
    let (ended, ending, after) = (database.week(-14), database.week(-13), database.week(-12));
    let day = |partition: &str| partition.replace("webhook_events_", "");
    database.attach(&ended, &day(&ended), &day(&ending));
    database.attach(&ending, &day(&ending), &day(&after));
    let late =
        Entry { occurred_at: event("", "2024-01-09T00:00:00Z").occurred_at, ..event_of_now("msg_late") };
    store.apply(&[event("msg_1", "2024-01-03T00:00:00Z"), late]).unwrap();

    assert_eq!(store.maintain(None).unwrap().dropped, [""; 0]);
    let upkeep = store.maintain(RETENTION).unwrap();
    assert_all_done(&upkeep);
    assert_eq!(upkeep.dropped, ["webhook_events_20240101", &ended]);
    assert_eq!(store.event("msg_1").unwrap(), None);
    assert!(store.event("msg_late").unwrap().is_some());
    assert!(database.partitions().contains(&ending));
}

#[test]
fn nobody_elses_table_is_dropped() {
    let database = Postgres::migrated();
    let kept = ["webhook_events_archive", "webhook_events_20240115", "public.webhook_events_20240205"];
    database.attach(kept[0], "2024-01-08", "2024-01-15");
    // More than the week it is named after.
    database.attach(kept[1], "2024-01-15", "2024-01-29");
    database.attach(kept[2], "2024-02-05", "2024-02-12");
    // Detached, to be archived.
    database.attach("webhook_events_20240101", "2024-01-01", "2024-01-08");
    database.execute("ALTER TABLE webhook_events DETACH PARTITION webhook_events_20240101");
    let upkeep = database.store().maintain(RETENTION).unwrap();
    assert_all_done(&upkeep);
    assert_eq!(upkeep.dropped, [""; 0]);
    let partitions = database.partitions();
    assert!(kept.iter().all(|kept| partitions.iter().any(|found| found == kept)), "{partitions:?}");
    database.execute("SELECT FROM webhook_events_20240101");
}

#[test]
fn a_table_in_the_way_keeps_only_its_own_week_from_being_made() {
    let database = Postgres::migrated();
    let taken = database.week(1);
    database.execute(&format!("CREATE TABLE {taken} (mine text)"));
    let upkeep = database.store().maintain(RETENTION).unwrap();
    assert_eq!(upkeep.made.len(), 5);
    assert_eq!(upkeep.postponed.len(), 1);
    assert_eq!(upkeep.postponed[0].table, taken);
    assert!(upkeep.postponed[0].reason.contains("already exists"), "{upkeep:?}");
    database.execute(&format!("SELECT mine FROM {taken}"));
}

#[test]
fn a_lock_that_is_held_only_postpones_and_is_waited_for_once() {
    let database = Postgres::migrated();
    database.attach("webhook_events_20240101", "2024-01-01", "2024-01-08");
    database.attach("webhook_events_20240108", "2024-01-08", "2024-01-15");
    let mut writer = database.connection();
    writer
        .batch_execute(
            "BEGIN; INSERT INTO webhook_events (svix_id, occurred_at, received_at, outcome)
                    VALUES ('msg_1', now(), now(), 'applied')",
        )
        .unwrap();
    let upkeep = database.store().maintain(RETENTION).unwrap();
    assert_eq!((upkeep.made.len(), upkeep.dropped.len()), (0, 0));
    let postponed: Vec<_> = upkeep.postponed.iter().map(|postponed| postponed.table.clone()).collect();
    assert_eq!(postponed, [database.week(-1).as_str(), "webhook_events_20240101"]);

    writer.batch_execute("COMMIT").unwrap();
    let upkeep = database.store().maintain(RETENTION).unwrap();
    assert_all_done(&upkeep);
    assert_eq!((upkeep.made.len(), upkeep.moved, upkeep.dropped.len()), (6, 1, 2));
}

#[test]
fn a_week_with_too_many_rows_stays_where_it_is() {
    let database = Postgres::migrated();
    database.execute(
        "INSERT INTO webhook_events (svix_id, occurred_at, received_at, outcome)
         SELECT 'msg_' || n, now(), now(), 'applied' FROM generate_series(1, 100001) n",
    );
    let upkeep = database.store().maintain(RETENTION).unwrap();
    assert_eq!((upkeep.made.len(), upkeep.moved), (5, 0));
    assert_eq!(upkeep.postponed.len(), 1);
    assert_eq!(upkeep.postponed[0].table, database.week(0));
    database.execute("DELETE FROM webhook_events WHERE svix_id = 'msg_1'");
    let upkeep = database.store().maintain(RETENTION).unwrap();
    assert_all_done(&upkeep);
    assert_eq!((upkeep.made.len(), upkeep.moved), (1, 100_000));
}

#[test]
fn a_role_that_may_not_create_tables_still_keeps_to_retention() {
    let database = Postgres::migrated();
    let store = database.store_of_a_writer();
    let postponed = store.maintain(None).unwrap().postponed;
    assert_eq!(postponed.len(), 1);
    assert_eq!(postponed[0].table, "webhook_events");
    let batch = [event_of_now("msg_now"), event("msg_old", "2024-05-28T08:00:00Z")];
    assert_eq!(store.apply(&batch).unwrap(), [Ignored; 2]);
    let upkeep = store.maintain(RETENTION).unwrap();
    assert_eq!((upkeep.made.len(), upkeep.deleted, upkeep.postponed.len()), (0, 1, 1));
    assert_eq!(database.partition_of("msg_now"), "webhook_events_default");

    // Once another role has made them, there is nothing to complain of.
    database.store().maintain(None).unwrap();
    assert_eq!(store.maintain(RETENTION).unwrap(), Upkeep::default());
    assert_eq!(store.apply(&batch[..1]).unwrap(), [Duplicate]);
}

#[test]
fn estimates_of_the_rows_are_the_databases_own() {
    let database = Postgres::migrated();
    database.store().apply(&[event_of_now("msg_1"), event_of_now("msg_2")]).unwrap();
    database.store().maintain(None).unwrap();
    database.execute("VACUUM ANALYZE webhook_events");
    let stats = database.store().stats(false).unwrap();
    assert!(!stats.exact);
    let ledger = stats.tables.iter().find(|table| table.table == "webhook_events").unwrap();
    assert_eq!((ledger.rows, ledger.partitions.len()), (2, 7));
    assert_eq!(database.store().stats(true).unwrap().tables.len(), stats.tables.len());
}
