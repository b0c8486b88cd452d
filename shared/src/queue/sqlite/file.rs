//! The file: its tables and how connections to it are opened.

use std::path::Path;

use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection};

use crate::queue::QueueError;

diesel::table! {
    deliveries (seq) {
        seq -> BigInt,
        svix_id -> Text,
        svix_timestamp -> BigInt,
        svix_signature -> Text,
        received_at -> BigInt,
        traceparent -> Nullable<Text>,
        body -> Binary,
    }
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS deliveries (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        svix_id TEXT NOT NULL,
        svix_timestamp INTEGER NOT NULL,
        svix_signature TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        traceparent TEXT,
        body BLOB NOT NULL
    ) STRICT;
    -- Beside the deliveries, so that leasing does not write their bodies again.
    CREATE TABLE IF NOT EXISTS leases (
        seq INTEGER PRIMARY KEY,
        holder INTEGER NOT NULL,
        until_ms INTEGER NOT NULL
    ) STRICT;
";

/// How far a commit goes before it counts.
#[derive(Clone, Copy)]
pub(super) enum Durability {
    /// To the disk: for what is acknowledged to the sender.
    Full,
    /// To the operating system; checkpoints still reach the disk in order. For leases and removals: losing one to
    /// a power failure only means that a delivery comes again.
    Normal,
}

/// Opens the file, creating it if need be.
pub(super) fn open(path: &Path, durability: Durability) -> Result<SqliteConnection, QueueError> {
    let failed =
        |error: &dyn std::fmt::Display| QueueError(format!("queue file {}: {error}", path.display()));
    let name = path.to_str().ok_or_else(|| failed(&"its path is not UTF-8"))?;
    let mut connection = SqliteConnection::establish(name).map_err(|error| failed(&error))?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    let settings = format!(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};"
    );
    connection.batch_execute(&settings).map_err(|error| failed(&error))?;
    connection
        .immediate_transaction(|connection| connection.batch_execute(SCHEMA))
        .map_err(|error| failed(&error))?;
    Ok(connection)
}

/// Whether a delivery is there that nobody holds.
pub(super) fn any_free(connection: &mut SqliteConnection, now_ms: i64) -> diesel::QueryResult<bool> {
    let rows: Vec<Seq> = free(connection, now_ms, 1)?;
    Ok(!rows.is_empty())
}

/// The oldest deliveries that nobody holds.
pub(super) fn free(
    connection: &mut SqliteConnection,
    now_ms: i64,
    max: i64,
) -> diesel::QueryResult<Vec<Seq>> {
    diesel::sql_query(
        "SELECT d.seq AS seq FROM deliveries d LEFT JOIN leases l ON l.seq = d.seq
         WHERE l.until_ms IS NULL OR l.until_ms < ? ORDER BY d.seq LIMIT ?",
    )
    .bind::<diesel::sql_types::BigInt, _>(now_ms)
    .bind::<diesel::sql_types::BigInt, _>(max)
    .load(connection)
}

/// The number of a delivery in the file.
#[derive(diesel::QueryableByName)]
pub(super) struct Seq {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub(super) seq: i64,
}
