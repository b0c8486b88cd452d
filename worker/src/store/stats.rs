//! How much there is in the database.

use serde::Serialize;

/// The size of every table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Whether rows were counted, and not taken from the database's own estimate.
    pub exact: bool,
    /// The rows of all tables.
    pub rows: i64,
    /// The bytes of all tables.
    pub bytes: i64,
    /// The size of the database's file, free pages included (SQLite).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<i64>,
    /// Each table, by name.
    pub tables: Vec<TableStats>,
}

/// The size of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableStats {
    /// The table's name.
    pub table: String,
    /// Its rows.
    pub rows: i64,
    /// Its bytes on disk, indexes and long values included.
    pub bytes: i64,
    /// Its partitions, by name; none if it is not partitioned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<TableStats>,
}

impl Stats {
    /// Adds the tables up.
    pub(super) fn of(tables: Vec<TableStats>, exact: bool, file_bytes: Option<i64>) -> Self {
        let rows = tables.iter().map(|table| table.rows).sum();
        let bytes = tables.iter().map(|table| table.bytes).sum();
        Self { exact, rows, bytes, file_bytes, tables }
    }
}
