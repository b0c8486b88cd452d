//! Deleting what is past retention. There are no partitions: SQLite has none.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;

/// Rows deleted in one transaction; about as long as a batch of events takes.
pub(super) const CHUNK: usize = 1000;

/// The tables of which retention takes rows.
pub(super) const TABLES: [&str; 2] = ["webhook_events", "webhook_event_history"];

/// Deletes rows of a table past retention; returns how many.
pub(super) fn delete_chunk(
    connection: &mut SqliteConnection,
    table: &str,
    retention: Duration,
) -> QueryResult<usize> {
    // Text in the ledger's own format. What lies before SQLite's first year is null, and nothing is older than that.
    diesel::sql_query(format!(
        "WITH cutoff (at) AS (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?)) \
         DELETE FROM {table} WHERE rowid IN ( \
             SELECT {table}.rowid FROM {table}, cutoff \
             WHERE received_at < cutoff.at AND occurred_at < cutoff.at ORDER BY received_at LIMIT {CHUNK})"
    ))
    .bind::<Text, _>(format!("-{} seconds", retention.as_secs()))
    .execute(connection)
}
