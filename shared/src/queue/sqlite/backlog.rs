//! How many deliveries wait in the file.

use std::{path::Path, time::Duration};

use diesel::{QueryResult, RunQueryDsl, SqliteConnection, sql_types::BigInt};

use super::{
    file::{self, Durability},
    leases::{DELIVERY_LIMIT, now_ms},
};
use crate::queue::{ConsumerMetrics, QueueError, metrics::Backlog};

const EVERY: Duration = Duration::from_secs(5);

/// Looks again and again.
pub(in crate::queue) async fn watch_backlog(path: &Path, metrics: &ConsumerMetrics) {
    let mut open = None;
    loop {
        let (path, connection) = (path.to_owned(), open.take());
        let looked = tokio::task::spawn_blocking(move || look(&path, connection)).await;
        match looked.unwrap_or_else(|error| Err(QueueError(error.to_string()))) {
            Ok((connection, backlog)) => {
                open = Some(connection);
                metrics.backlog(Some(backlog));
            }
            Err(error) => {
                metrics.backlog(None);
                tracing::debug!(%error, "cannot tell how many deliveries wait");
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn look(path: &Path, open: Option<SqliteConnection>) -> Result<(SqliteConnection, Backlog), QueueError> {
    let mut connection = match open {
        Some(connection) => connection,
        None => file::open(path, Durability::Normal)?,
    };
    let backlog =
        measure(&mut connection, now_ms()).map_err(|error| QueueError(format!("the queue file: {error}")))?;
    Ok((connection, backlog))
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    queued: i64,
    #[diesel(sql_type = BigInt)]
    held: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
}

/// From the oldest to the newest, less what is held or dead: that costs nothing however long the queue is, and is exact but for
/// the moment in which a batch is removed before an older one.
fn measure(connection: &mut SqliteConnection, now: i64) -> QueryResult<Backlog> {
    let count: Count = diesel::sql_query(
        "SELECT (SELECT coalesce(max(seq) + 1, 0) FROM deliveries) - (SELECT coalesce(min(seq), 0) FROM deliveries) AS queued,
                count(*) FILTER (WHERE until_ms >= ?1) AS held,
                count(*) FILTER (WHERE until_ms < ?1 AND taken >= ?2) AS dead
         FROM leases",
    )
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(DELIVERY_LIMIT)
    .get_result(connection)?;
    let Count { queued, held, dead } = count;
    Ok(Backlog { inbox: (queued - held - dead).max(0), dead })
}
