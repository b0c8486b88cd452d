//! Which deliveries are free, who holds the others, and how often each was taken.
//!
//! An event that ends every process that takes it must not come for ever. So each taking is counted, until the delivery is
//! removed or given back in good order; what was taken several times in vain is taken alone, so that nothing else is counted
//! along with it; and at the limit it becomes a dead letter.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use diesel::{
    ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection,
    sql_types::{BigInt, Text},
};

use super::file::{self, Durability, deliveries};
use crate::{delivery::Delivery, queue::QueueError};

/// Short enough to wait for after a crash. Running out loses nothing: the delivery is taken again.
pub(super) const LEASE: Duration = Duration::from_secs(10);
/// Taken so often in vain, a delivery may be one that ends processes.
const SUSPECT_AFTER: i64 = 3;
/// Taken so often in vain, a delivery is a dead letter. RabbitMQ's 20 have to allow for deliveries that fell together with the one
/// to blame; here, seven of the ten times it was alone.
pub(super) const DELIVERY_LIMIT: i64 = 10;

/// Deliveries that were taken together.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) rows: Vec<i64>,
    pub(super) deliveries: Vec<Delivery>,
    /// How often the first was taken before, in vain.
    pub(super) before: i64,
    /// How many were taken before.
    pub(super) again: usize,
}

impl Taken {
    /// Whether it is one that was taken alone.
    pub(super) fn is_suspect(&self) -> bool {
        self.before >= SUSPECT_AFTER
    }
}

/// The leases of one holder.
pub(super) struct Leases {
    connection: SqliteConnection,
    holder: i64,
    /// What is to be renewed.
    held: BTreeSet<i64>,
}

impl Leases {
    pub(super) fn open(path: &Path) -> Result<Self, QueueError> {
        let connection = file::open(path, Durability::Normal)?;
        Ok(Self { connection, holder: rand::random(), held: BTreeSet::new() })
    }

    /// Takes the oldest deliveries that are free, or one suspect alone.
    pub(super) fn take(&mut self, max: usize) -> QueryResult<Option<Taken>> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        // A look without the write lock first: most of the time there is nothing.
        if offered(&mut self.connection, now_ms(), 1)?.is_empty() {
            return Ok(None);
        }
        self.lease(|connection, now| offered(connection, now, max))
    }

    /// Takes a delivery that was taken too often.
    pub(super) fn take_dead(&mut self) -> QueryResult<Option<Taken>> {
        if dead(&mut self.connection, now_ms())?.is_empty() {
            return Ok(None);
        }
        self.lease(dead)
    }

    fn lease(
        &mut self,
        choose: impl FnOnce(&mut SqliteConnection, i64) -> QueryResult<Vec<Free>>,
    ) -> QueryResult<Option<Taken>> {
        let holder = self.holder;
        let taken = self.connection.immediate_transaction(|connection| {
            let now = now_ms();
            let chosen = choose(connection, now)?;
            let Some(before) = chosen.first().map(|free| free.taken) else { return Ok(None) };
            let again = chosen.iter().filter(|free| free.taken > 0).count();
            let rows: Vec<i64> = chosen.iter().map(|free| free.seq).collect();
            diesel::sql_query(
                "INSERT INTO leases SELECT value, ?, ?, 1 FROM json_each(?) WHERE true
                 ON CONFLICT (seq) DO UPDATE
                 SET holder = excluded.holder, until_ms = excluded.until_ms, taken = taken + 1",
            )
            .bind::<BigInt, _>(holder)
            .bind::<BigInt, _>(until(now))
            .bind::<Text, _>(json(rows.iter()))
            .execute(connection)?;
            let deliveries = deliveries::table
                .filter(deliveries::seq.eq_any(&rows))
                .order(deliveries::seq)
                .load::<Row>(connection)?
                .into_iter()
                .map(Row::into_delivery)
                .collect();
            QueryResult::Ok(Some(Taken { rows, deliveries, before, again }))
        })?;
        self.held.extend(taken.iter().flat_map(|taken| &taken.rows));
        Ok(taken)
    }

    /// Holds on to what is held. What somebody else has taken by now (this process was frozen) stays theirs.
    pub(super) fn renew(&mut self) -> QueryResult<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        diesel::sql_query(
            "UPDATE leases SET until_ms = ? WHERE holder = ? AND seq IN (SELECT value FROM json_each(?))",
        )
        .bind::<BigInt, _>(until(now_ms()))
        .bind::<BigInt, _>(self.holder)
        .bind::<Text, _>(json(self.held.iter()))
        .execute(&mut self.connection)
        .map(drop)
    }

    /// Removes deliveries for good. If that fails their leases run out.
    pub(super) fn remove(&mut self, rows: &[i64]) -> QueryResult<()> {
        for row in rows {
            self.held.remove(row);
        }
        let rows = json(rows.iter());
        self.connection.immediate_transaction(|connection| {
            for statement in [
                "DELETE FROM deliveries WHERE seq IN (SELECT value FROM json_each(?))",
                "DELETE FROM leases WHERE seq IN (SELECT value FROM json_each(?))",
            ] {
                diesel::sql_query(statement).bind::<Text, _>(&rows).execute(connection)?;
            }
            Ok(())
        })
    }

    /// Gives back in good order what is held: that does not count as taken.
    pub(super) fn release(&mut self) -> QueryResult<()> {
        let rows = json(std::mem::take(&mut self.held).iter());
        diesel::sql_query(
            "UPDATE leases SET until_ms = 0, taken = taken - 1
             WHERE holder = ? AND seq IN (SELECT value FROM json_each(?))",
        )
        .bind::<BigInt, _>(self.holder)
        .bind::<Text, _>(rows)
        .execute(&mut self.connection)
        .map(drop)
    }
}

/// A delivery that nobody holds.
#[derive(diesel::QueryableByName)]
struct Free {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = BigInt)]
    taken: i64,
}

impl Free {
    fn is_suspect(&self) -> bool {
        self.taken >= SUSPECT_AFTER
    }
}

/// What may be taken now: the oldest that are free, up to the first suspect. A suspect that is the oldest waits until nobody holds
/// anything, and while somebody holds one, nobody takes anything.
fn offered(connection: &mut SqliteConnection, now: i64, max: i64) -> QueryResult<Vec<Free>> {
    let mut free: Vec<Free> = diesel::sql_query(
        "SELECT d.seq AS seq, coalesce(l.taken, 0) AS taken FROM deliveries d LEFT JOIN leases l ON l.seq = d.seq
         WHERE (l.seq IS NULL OR (l.until_ms < ? AND l.taken < ?)) ORDER BY d.seq LIMIT ?",
    )
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(DELIVERY_LIMIT)
    .bind::<BigInt, _>(max)
    .load(connection)?;
    if free.is_empty() {
        return Ok(free);
    }
    let held = held(connection, now)?;
    if held.suspects > 0 {
        free.clear();
    } else if free[0].is_suspect() {
        free.truncate(if held.all == 0 { 1 } else { 0 });
    } else if let Some(suspect) = free.iter().position(Free::is_suspect) {
        free.truncate(suspect);
    }
    Ok(free)
}

#[derive(diesel::QueryableByName)]
struct Held {
    #[diesel(sql_type = BigInt)]
    all: i64,
    #[diesel(sql_type = BigInt)]
    suspects: i64,
}

fn held(connection: &mut SqliteConnection, now: i64) -> QueryResult<Held> {
    diesel::sql_query(
        "SELECT count(*) AS \"all\", count(*) FILTER (WHERE taken > ? AND taken <= ?) AS suspects
         FROM leases WHERE until_ms >= ?",
    )
    .bind::<BigInt, _>(SUSPECT_AFTER)
    .bind::<BigInt, _>(DELIVERY_LIMIT)
    .bind::<BigInt, _>(now)
    .get_result(connection)
}

/// The oldest delivery that is free and was taken too often.
fn dead(connection: &mut SqliteConnection, now: i64) -> QueryResult<Vec<Free>> {
    diesel::sql_query(
        "SELECT l.seq AS seq, l.taken AS taken FROM leases l JOIN deliveries d ON d.seq = l.seq
         WHERE l.until_ms < ? AND l.taken >= ? ORDER BY l.seq LIMIT 1",
    )
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(DELIVERY_LIMIT)
    .load(connection)
}

#[derive(diesel::Queryable)]
struct Row {
    _seq: i64,
    svix_id: String,
    svix_timestamp: i64,
    svix_signature: String,
    received_at: i64,
    traceparent: Option<String>,
    body: Vec<u8>,
}

impl Row {
    fn into_delivery(self) -> Delivery {
        let Self { _seq, svix_id, svix_timestamp, svix_signature, received_at, traceparent, body } = self;
        Delivery {
            svix_id,
            svix_timestamp,
            svix_signature,
            received_at,
            traceparent,
            body: Bytes::from(body),
        }
    }
}

/// Numbers as a JSON array, for `json_each`: one bound value however many there are.
fn json<'a>(rows: impl Iterator<Item = &'a i64>) -> String {
    let numbers: Vec<String> = rows.map(i64::to_string).collect();
    format!("[{}]", numbers.join(","))
}

fn until(now: i64) -> i64 {
    now + LEASE.as_millis() as i64
}

pub(super) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

#[cfg(test)]
pub(super) mod tests;
