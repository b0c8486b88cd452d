//! Taking rows under a lease, removing them once they are applied.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use bytes::Bytes;
use diesel::{
    ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection,
    sql_types::{BigInt, Text},
};

use super::file::{self, Durability, deliveries};
use crate::{
    delivery::Delivery,
    lifecycle::{Backoff, Check},
    queue::{Acknowledge, Batch, Consumer, QueueError, Receipt},
};

/// Far longer than a batch takes, short enough to wait for after a crash. Running out loses nothing: it is delivered again.
const LEASE: Duration = Duration::from_secs(10);
/// How soon a new delivery is seen. SQLite tells nobody of changes; looking costs a few microseconds.
const POLL: Duration = Duration::from_millis(5);

/// Takes batches from the file.
pub struct SqliteConsumer {
    leasing: Shared,
    check: Check,
    backoff: Backoff,
    cancelled: bool,
}

/// What the consumer shares with the batches it has handed out.
#[derive(Clone)]
struct Shared(Arc<Mutex<Leasing>>);

struct Leasing {
    connection: SqliteConnection,
    holder: i64,
}

impl SqliteConsumer {
    pub(in crate::queue) fn open(path: &Path, check: Check) -> Result<Self, QueueError> {
        let connection = file::open(path, Durability::Normal)?;
        check.pass();
        let leasing = Leasing { connection, holder: rand::random() };
        let leasing = Shared(Arc::new(Mutex::new(leasing)));
        Ok(Self { leasing, check, backoff: Backoff::reconnect(), cancelled: false })
    }

    async fn take(&self, max: usize) -> Result<Option<Batch>, QueueError> {
        let taken = self.leasing.blocking(move |leasing| leasing.take(max)).await?;
        Ok(taken.map(|(deliveries, rows)| {
            let receipt = Receipt(Box::new(Taken { rows, leasing: self.leasing.clone() }));
            Batch { deliveries, receipt }
        }))
    }
}

impl Shared {
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Leasing) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let leasing = self.0.clone();
        let work = move || work(&mut leasing.lock().unwrap_or_else(PoisonError::into_inner));
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result.map_err(|error| QueueError(format!("the queue file: {error}"))),
            Err(error) => Err(QueueError(format!("the queue file: {error}"))),
        }
    }
}

#[async_trait]
impl Consumer for SqliteConsumer {
    async fn receive(&mut self, enough: usize) -> Option<Batch> {
        while !self.cancelled {
            let wait = match self.take(enough).await {
                Ok(Some(batch)) => {
                    self.check.pass();
                    self.backoff.reset();
                    return Some(batch);
                }
                Ok(None) => POLL,
                Err(error) => {
                    tracing::error!(error = %error, "cannot take deliveries");
                    self.check.fail(error.to_string());
                    self.backoff.next_delay()
                }
            };
            tokio::time::sleep(wait).await;
        }
        None
    }

    async fn cancel(&mut self) {
        self.cancelled = true;
    }

    async fn close(&mut self) {
        if let Err(error) = self.leasing.blocking(Leasing::release).await {
            tracing::warn!(error = %error, "leases were not given back; they run out by themselves");
        }
    }
}

/// Rows that were taken together.
struct Taken {
    rows: Vec<i64>,
    leasing: Shared,
}

#[async_trait]
impl Acknowledge for Taken {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
        let Self { rows, leasing } = *self;
        leasing.blocking(move |leasing| leasing.remove(&rows)).await
    }
}

impl Leasing {
    fn take(&mut self, max: usize) -> QueryResult<Option<(Vec<Delivery>, Vec<i64>)>> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        // A look without the write lock first: most of the time there is nothing.
        if !file::any_free(&mut self.connection, now_ms())? {
            return Ok(None);
        }
        let holder = self.holder;
        self.connection.immediate_transaction(|connection| {
            let now = now_ms();
            let rows: Vec<i64> = file::free(connection, now, max)?.iter().map(|row| row.seq).collect();
            if rows.is_empty() {
                return Ok(None);
            }
            let until = now + LEASE.as_millis() as i64;
            diesel::sql_query("INSERT OR REPLACE INTO leases SELECT value, ?, ? FROM json_each(?)")
                .bind::<BigInt, _>(holder)
                .bind::<BigInt, _>(until)
                .bind::<Text, _>(json(&rows))
                .execute(connection)?;
            let deliveries = deliveries::table
                .filter(deliveries::seq.eq_any(&rows))
                .order(deliveries::seq)
                .load::<Row>(connection)?
                .into_iter()
                .map(Row::into_delivery)
                .collect();
            Ok(Some((deliveries, rows)))
        })
    }

    fn remove(&mut self, rows: &[i64]) -> QueryResult<()> {
        let rows = json(rows);
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

    fn release(&mut self) -> QueryResult<()> {
        diesel::sql_query("DELETE FROM leases WHERE holder = ?")
            .bind::<BigInt, _>(self.holder)
            .execute(&mut self.connection)
            .map(drop)
    }
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
fn json(rows: &[i64]) -> String {
    let numbers: Vec<String> = rows.iter().map(i64::to_string).collect();
    format!("[{}]", numbers.join(","))
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}
