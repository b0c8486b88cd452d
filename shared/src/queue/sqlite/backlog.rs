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
    loop {
        let path = path.to_owned();
        let looked = tokio::task::spawn_blocking(move || look(&path)).await;
        let backlog = looked.unwrap_or_else(|error| Err(QueueError(error.to_string())));
        metrics.backlog(
            backlog.inspect_err(|error| tracing::debug!(%error, "cannot tell how many deliveries wait")).ok(),
        );
        tokio::time::sleep(EVERY).await;
    }
}

fn look(path: &Path) -> Result<Backlog, QueueError> {
    let mut connection = file::open(path, Durability::Normal)?;
    measure(&mut connection, now_ms()).map_err(|error| QueueError(format!("the queue file: {error}")))
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
