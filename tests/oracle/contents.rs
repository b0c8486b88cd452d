//! What is in the tables.

use std::collections::BTreeMap;
use std::fmt;

use chrono::DateTime;
use serde_json::{Map, Value};

/// The ledger's table.
pub const LEDGER: &str = "webhook_events";

/// The columns of the ledger that say how an event got here and not what it is: they differ from run to run.
/// So does whether a mirrored event was `applied` or `stale`.
const OF_THE_RUN: [&str; 2] = ["received_at", "applied_at"];

/// Rows of all tables, with all columns.
pub struct Contents(Vec<Row>);

struct Row {
    table: String,
    columns: Map<String, Value>,
}

/// What a mirror row says, apart from its typed columns, which follow from `data`.
#[derive(Debug, Clone, PartialEq)]
pub struct MirrorRow {
    /// The newest snapshot.
    pub data: Option<Value>,
    /// The svix-id of the event that brought it.
    pub shows: Option<String>,
    /// When it was deleted, in milliseconds.
    pub deleted_at: Option<i64>,
}

impl fmt::Display for MirrorRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data, shows, deleted_at } = self;
        write!(f, "shows {shows:?}, deleted at {deleted_at:?}, data ")?;
        match data {
            Some(data) => write!(f, "{data}"),
            None => f.write_str("null"),
        }
    }
}

/// What a row of the ledger says.
#[derive(Debug)]
pub struct LedgerRow {
    pub svix_id: String,
    pub event_type: Option<String>,
    pub object_id: Option<String>,
    pub occurred_at: i64,
    pub outcome: String,
}

impl Contents {
    /// Takes the rows as the database writes them: each the name of its table, and its columns as JSON.
    pub fn new(rows: impl Iterator<Item = (String, String)>) -> Self {
        let row = |(table, text): (String, String)| {
            let columns = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            Row { table, columns }
        };
        Self(rows.map(row).collect())
    }

    /// The mirror's rows, by table and id.
    pub fn mirror(&self) -> BTreeMap<(String, String), MirrorRow> {
        let rows = self.0.iter().filter(|row| row.table != LEDGER);
        rows.map(|row| ((row.table.clone(), row.text("id").unwrap_or_default()), row.mirror())).collect()
    }

    /// The ledger's rows.
    pub fn ledger(&self) -> Vec<LedgerRow> {
        self.0.iter().filter(|row| row.table == LEDGER).map(Row::ledger).collect()
    }

    /// Every row as text, in one order, without what depends on the run.
    pub fn comparable(&self) -> Vec<String> {
        let mut rows: Vec<String> = self.0.iter().map(Row::comparable).collect();
        rows.sort_unstable();
        rows
    }
}

impl Row {
    fn text(&self, column: &str) -> Option<String> {
        match &self.columns[column] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => panic!("{column} of {} is {other}", self.table),
        }
    }

    fn millis(&self, column: &str) -> Option<i64> {
        let text = self.text(column)?;
        let time = DateTime::parse_from_rfc3339(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        Some(time.timestamp_millis())
    }

    fn mirror(&self) -> MirrorRow {
        let data = match &self.columns["data"] {
            Value::Null => None,
            // SQLite keeps JSON as text.
            Value::String(text) => Some(serde_json::from_str(text).expect("data is JSON")),
            object => Some(object.clone()),
        };
        let version = self.text("version").unwrap_or_default();
        // What comes before the svix-id is the program's own affair.
        let shows = version.splitn(3, ':').nth(2).map(str::to_owned);
        MirrorRow { data, shows, deleted_at: self.millis("deleted_at") }
    }

    fn ledger(&self) -> LedgerRow {
        LedgerRow {
            svix_id: self.text("svix_id").unwrap_or_default(),
            event_type: self.text("type"),
            object_id: self.text("object_id"),
            occurred_at: self.millis("occurred_at").expect("every event has a time"),
            outcome: self.text("outcome").unwrap_or_default(),
        }
    }

    fn comparable(&self) -> String {
        let mut columns = self.columns.clone();
        if self.table == LEDGER {
            columns.retain(|column, _| !OF_THE_RUN.contains(&column.as_str()));
            if self.text("outcome").is_some_and(|outcome| outcome == "stale") {
                columns.insert("outcome".to_owned(), "applied".into());
            }
        }
        format!("{} {}", self.table, Value::from(columns))
    }
}
