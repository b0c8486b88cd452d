//! The file: its tables and how connections to it are opened.

use std::path::Path;

use diesel::{
    Connection, QueryResult, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::BigInt,
};

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
    -- Beside the deliveries, so that leasing does not write their bodies again. `taken` counts the times a delivery was taken
    -- and neither removed nor given back.
    CREATE TABLE IF NOT EXISTS leases (
        seq INTEGER PRIMARY KEY,
        holder INTEGER NOT NULL,
        until_ms INTEGER NOT NULL,
        taken INTEGER NOT NULL DEFAULT 1
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
        .immediate_transaction(|connection| {
            connection.batch_execute(SCHEMA)?;
            add_taken(connection)
        })
        .map_err(|error| failed(&error))?;
    Ok(connection)
}

/// Brings a file up to date that was made when nobody counted.
fn add_taken(connection: &mut SqliteConnection) -> QueryResult<()> {
    #[derive(diesel::QueryableByName)]
    struct Columns {
        #[diesel(sql_type = BigInt)]
        found: i64,
    }
    let look = "SELECT count(*) AS found FROM pragma_table_info('leases') WHERE name = 'taken'";
    if diesel::sql_query(look).get_result::<Columns>(connection)?.found > 0 {
        return Ok(());
    }
    connection.batch_execute("ALTER TABLE leases ADD COLUMN taken INTEGER NOT NULL DEFAULT 1")
}
