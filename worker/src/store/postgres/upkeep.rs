//! Keeping the ledger in weekly partitions, and dropping what is past retention.
//!
//! Writers come first. Everything is done in small transactions; each takes its locks in the order parent, default
//! partition, and gives up when it cannot have them soon, because whoever comes after waits behind it. What could
//! not be done is done by a later run.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Timestamptz};

use super::partitions::{self, Week};
use crate::store::upkeep::SLICE;
use crate::store::{StoreError, Upkeep};

/// Keeps two processes from upkeep at once; any number would do that nobody else locks.
const UPKEEP_LOCK: i64 = 0x636c_6572_6b75_706b;
/// How long a lock is waited for, and every writer behind it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long one statement may take: a lock is held for that long at worst.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// To attach a partition, PostgreSQL looks through the whole default partition while writers wait. This many bytes
/// take a second or two if they are in memory.
const GREATEST_DEFAULT: i64 = 2 << 30;
/// The most rows to be moved while writers wait; they take about as long.
const MOST_MOVED: i64 = 100_000;
/// Rows deleted in one transaction.
const CHUNK: usize = 10_000;
const DEFAULT_PARTITION: &str = "webhook_events_default";
const HISTORY: &str = "webhook_event_history";

/// Runs upkeep once.
pub(super) fn run(connection: &mut PgConnection, retention: Option<Duration>) -> Result<Upkeep, StoreError> {
    let mut upkeep = Upkeep::default();
    let Some(ledger) = step(connection, Ledger::look)? else {
        return Ok(Upkeep { elsewhere: true, ..upkeep });
    };
    let cutoff =
        retention.and_then(|retention| ledger.now.checked_sub_signed(TimeDelta::from_std(retention).ok()?));
    let missing: Vec<_> = Week::wanted(ledger.now).filter(|week| !ledger.weeks.contains(week)).collect();
    let is_past = |week: &Week| cutoff.is_some_and(|cutoff| week.end() <= cutoff);
    let past: Vec<_> = ledger.weeks.iter().copied().filter(is_past).collect();
    if ledger.may_partition {
        make_partitions(connection, missing, ledger.default_bytes, &mut upkeep);
        if let Some(cutoff) = cutoff {
            drop_partitions(connection, past, cutoff, &mut upkeep);
        }
    } else if !missing.is_empty() || !past.is_empty() {
        let reason = "this role does not own it, or may not create tables in the schema clerk";
        upkeep.postpone("webhook_events", reason);
    }
    if let Some(cutoff) = cutoff {
        for table in [DEFAULT_PARTITION, HISTORY] {
            let chunk = || step(connection, |connection| Ok(delete_chunk(connection, table, cutoff)?));
            if let Err(error) = upkeep.delete_chunks(SLICE, CHUNK, chunk) {
                upkeep.postpone(table, error);
            }
        }
    }
    Ok(upkeep)
}

/// What is to be known before anything is done.
struct Ledger {
    now: DateTime<Utc>,
    may_partition: bool,
    default_bytes: i64,
    weeks: Vec<Week>,
}

#[derive(QueryableByName)]
struct LedgerRow {
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    may_partition: bool,
    #[diesel(sql_type = BigInt)]
    default_bytes: i64,
}

impl Ledger {
    fn look(connection: &mut PgConnection) -> Result<Self, StoreError> {
        let row: LedgerRow = diesel::sql_query(
            "SELECT now(), \
                 has_schema_privilege('clerk', 'CREATE') AND pg_has_role(relowner, 'USAGE') AS may_partition, \
                 pg_relation_size('clerk.webhook_events_default') AS default_bytes \
             FROM pg_class WHERE oid = 'clerk.webhook_events'::regclass",
        )
        .get_result(connection)?;
        let LedgerRow { now, may_partition, default_bytes } = row;
        Ok(Self { now, may_partition, default_bytes, weeks: partitions::attached(connection)? })
    }
}

/// One transaction of its own, in UTC and with short timeouts, while no other process is at it: nothing if one is.
fn step<T>(
    connection: &mut PgConnection,
    work: impl FnOnce(&mut PgConnection) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    connection.transaction(|connection| {
        let (lock, statement) = (LOCK_TIMEOUT.as_millis(), STATEMENT_TIMEOUT.as_millis());
        connection.batch_execute(&format!(
            "SET LOCAL lock_timeout = {lock}; SET LOCAL statement_timeout = {statement};
             SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL search_path = clerk;"
        ))?;
        let alone = diesel::select(sql::<Bool>(&format!("pg_try_advisory_xact_lock({UPKEEP_LOCK})")));
        if alone.get_result(connection)? { work(connection).map(Some) } else { Ok(None) }
    })
}

/// Makes the partitions that are missing.
fn make_partitions(
    connection: &mut PgConnection,
    missing: Vec<Week>,
    default_bytes: i64,
    upkeep: &mut Upkeep,
) {
    if default_bytes > GREATEST_DEFAULT {
        for week in missing {
            let reason = "the default partition is too large to be looked through while writers wait; \
                          VACUUM FULL shrinks it once its rows are gone";
            upkeep.postpone(week.partition(), reason);
        }
        return;
    }
    for week in missing {
        // Asked before anybody has to wait.
        match step(connection, |connection| Ok(too_many_rows(connection, week)?)) {
            Ok(Some(false)) => {}
            Ok(Some(true)) => {
                upkeep.postpone(week.partition(), "too many of its rows are in the default partition");
                continue;
            }
            Ok(None) => {
                upkeep.elsewhere = true;
                return;
            }
            Err(error) => {
                upkeep.postpone(week.partition(), error);
                continue;
            }
        }
        let start = Instant::now();
        match step(connection, |connection| make_partition(connection, week)) {
            Ok(Some(Some(moved))) => {
                upkeep.made.push(week.partition());
                upkeep.moved += moved;
            }
            Ok(Some(None)) => {}
            Ok(None) => {
                upkeep.elsewhere = true;
                return;
            }
            Err(error) => {
                upkeep.postpone(week.partition(), error);
                if waited_in_vain(start) {
                    return;
                }
            }
        }
    }
}

/// Whether a step that failed has made writers wait behind it: the next one would too, for nothing.
fn waited_in_vain(start: Instant) -> bool {
    start.elapsed() >= LOCK_TIMEOUT
}

/// Whether the default partition has too many of a week's rows for them to be moved.
fn too_many_rows(connection: &mut PgConnection, week: Week) -> QueryResult<bool> {
    let rows: Count = diesel::sql_query(
        "SELECT count(*) FROM (SELECT FROM clerk.webhook_events_default \
                               WHERE occurred_at >= $1 AND occurred_at < $2 LIMIT $3 + 1) AS few",
    )
    .bind::<Timestamptz, _>(week.start())
    .bind::<Timestamptz, _>(week.end())
    .bind::<BigInt, _>(MOST_MOVED)
    .get_result(connection)?;
    Ok(rows.count > MOST_MOVED)
}

/// Makes a week's partition and moves the week's rows into it; returns how many, or nothing if it is there already.
/// `CREATE TABLE … PARTITION OF` would lock readers out of the whole ledger too, and refuse while there are rows.
fn make_partition(connection: &mut PgConnection, week: Week) -> Result<Option<usize>, StoreError> {
    // Attaching takes a weaker lock, but then a writer that is on its way into the default partition is refused
    // there when its row's own partition has come up in the meantime. So writers wait before they have decided.
    connection.batch_execute("LOCK TABLE ONLY clerk.webhook_events IN SHARE ROW EXCLUSIVE MODE")?;
    if partitions::attached(connection)?.contains(&week) {
        return Ok(None);
    }
    let partition = week.partition();
    // The indexes are built when it is attached, at once for all rows.
    connection.batch_execute(&format!(
        "CREATE TABLE clerk.{partition} (LIKE clerk.webhook_events INCLUDING ALL EXCLUDING INDEXES);
         LOCK TABLE clerk.webhook_events_default IN ACCESS EXCLUSIVE MODE;"
    ))?;
    let moved = diesel::sql_query(format!(
        "WITH moved AS (DELETE FROM clerk.webhook_events_default \
                        WHERE occurred_at >= $1 AND occurred_at < $2 RETURNING *) \
         INSERT INTO clerk.{partition} SELECT * FROM moved"
    ))
    .bind::<Timestamptz, _>(week.start())
    .bind::<Timestamptz, _>(week.end())
    .execute(connection)?;
    let bounds = week.bounds();
    connection.batch_execute(&format!(
        "ALTER TABLE clerk.webhook_events ATTACH PARTITION clerk.{partition} {bounds}"
    ))?;
    Ok(Some(moved))
}

/// Drops the partitions in which everything is past retention.
fn drop_partitions(
    connection: &mut PgConnection,
    past: Vec<Week>,
    cutoff: DateTime<Utc>,
    upkeep: &mut Upkeep,
) {
    for week in past {
        let start = Instant::now();
        match step(connection, |connection| drop_partition(connection, week, cutoff)) {
            Ok(Some(true)) => upkeep.dropped.push(week.partition()),
            Ok(Some(false)) => {}
            Ok(None) => {
                upkeep.elsewhere = true;
                return;
            }
            Err(error) => {
                upkeep.postpone(week.partition(), error);
                if waited_in_vain(start) {
                    return;
                }
            }
        }
    }
}

/// Drops a week's partition, unless something in it was received lately.
fn drop_partition(
    connection: &mut PgConnection,
    week: Week,
    cutoff: DateTime<Utc>,
) -> Result<bool, StoreError> {
    // What dropping takes anyway, in an order that no writer can be in the way of.
    connection.batch_execute("LOCK TABLE ONLY clerk.webhook_events IN ACCESS EXCLUSIVE MODE")?;
    if !partitions::attached(connection)?.contains(&week) {
        return Ok(false);
    }
    let partition = week.partition();
    let late = format!(
        "SELECT count(*) FROM (SELECT FROM clerk.{partition} WHERE received_at >= $1 LIMIT 1) AS late"
    );
    let late: Count = diesel::sql_query(late).bind::<Timestamptz, _>(cutoff).get_result(connection)?;
    if late.count > 0 {
        return Ok(false);
    }
    connection.batch_execute(&format!("DROP TABLE clerk.{partition}"))?;
    Ok(true)
}

/// Deletes rows past retention from a table that is not dropped as a whole; returns how many.
fn delete_chunk(connection: &mut PgConnection, table: &str, cutoff: DateTime<Utc>) -> QueryResult<usize> {
    diesel::sql_query(format!(
        "DELETE FROM clerk.{table} WHERE ctid = ANY (ARRAY( \
             SELECT ctid FROM clerk.{table} \
             WHERE received_at < $1 AND occurred_at < $1 ORDER BY received_at LIMIT {CHUNK}))"
    ))
    .bind::<Timestamptz, _>(cutoff)
    .execute(connection)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}
