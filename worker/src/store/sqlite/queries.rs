//! SQLite's statements. Each has one text and takes its rows as one JSON array, so that it is prepared once for
//! any number of rows. They are query fragments because diesel prepares `sql_query` anew every time.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::sql_types::{Nullable, Text, TimestamptzSqlite};
use diesel::sqlite::Sqlite;
use serde::Serialize;

use crate::event::{Millis, Table};
use crate::store::batch::{Moved, Record, Row};

diesel::table! {
    webhook_events (svix_id) {
        svix_id -> Text,
        #[sql_name = "type"]
        event_type -> Nullable<Text>,
        object_id -> Nullable<Text>,
        user_id -> Nullable<Text>,
        instance_id -> Nullable<Text>,
        occurred_at -> TimestamptzSqlite,
        received_at -> TimestamptzSqlite,
        applied_at -> TimestamptzSqlite,
        outcome -> Text,
        error -> Nullable<Text>,
        payload -> Nullable<Text>,
    }
}

/// Which of some ids have been erased.
pub(super) struct ErasedIds {
    ids: String,
}

impl ErasedIds {
    pub(super) fn new(ids: &[&str]) -> QueryResult<Self> {
        Ok(Self { ids: json(ids.iter())? })
    }
}

impl QueryFragment<Sqlite> for ErasedIds {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("SELECT id FROM erased WHERE id IN (SELECT value FROM json_each(");
        out.push_bind_param::<Text, _>(&self.ids)?;
        out.push_sql("))");
        Ok(())
    }
}

impl QueryId for ErasedIds {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for ErasedIds {
    type SqlType = Text;
}

impl RunQueryDsl<SqliteConnection> for ErasedIds {}

/// Merges rows into a mirror table and returns those that moved.
pub(super) struct Merge {
    table: Table,
    rows: String,
}

#[derive(Serialize)]
struct MergeRow<'a> {
    id: &'a str,
    data: Option<&'a str>,
    version: &'a str,
    deleted_at: Option<String>,
}

impl Merge {
    pub(super) fn new(table: Table, rows: &[Row<'_>]) -> QueryResult<Self> {
        let rows = json(rows.iter().map(|row| MergeRow {
            id: row.id,
            data: row.data,
            version: row.version,
            deleted_at: row.deleted_at.map(Millis::to_rfc3339),
        }))?;
        Ok(Self { table, rows })
    }
}

impl QueryFragment<Sqlite> for Merge {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        out.push_sql(self.table.name());
        out.push_sql(
            " AS old (id, data, version, deleted_at) \
             SELECT value ->> '$.id', value ->> '$.data', value ->> '$.version', value ->> '$.deleted_at' \
             FROM json_each(",
        );
        out.push_bind_param::<Text, _>(&self.rows)?;
        // WHERE true keeps ON from being read as part of a join. min() is null if one argument is.
        out.push_sql(
            ") WHERE true \
             ON CONFLICT (id) DO UPDATE SET \
                 data = CASE WHEN excluded.version > old.version THEN excluded.data ELSE old.data END, \
                 version = max(old.version, excluded.version), \
                 deleted_at = min(coalesce(old.deleted_at, excluded.deleted_at), \
                                  coalesce(excluded.deleted_at, old.deleted_at)) \
             WHERE excluded.version > old.version \
                OR excluded.deleted_at < old.deleted_at \
                OR (old.deleted_at IS NULL AND excluded.deleted_at IS NOT NULL) \
             RETURNING id, version, deleted_at",
        );
        Ok(())
    }
}

impl QueryId for Merge {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Merge {
    type SqlType = (Text, Text, Nullable<TimestamptzSqlite>);
}

impl RunQueryDsl<SqliteConnection> for Merge {}

/// A row that [`Merge`] returns.
pub(super) fn moved((id, version, deleted_at): (String, String, Option<DateTime<Utc>>)) -> Moved {
    Moved { id, version, deleted_at: deleted_at.map(Millis::from) }
}

/// Writes rows into the ledger and returns the svix-ids of those that were new.
pub(super) struct Ledger {
    rows: String,
}

#[derive(Serialize)]
struct LedgerEntry<'a> {
    svix_id: &'a str,
    r#type: Option<&'a str>,
    object_id: Option<&'a str>,
    user_id: Option<&'a str>,
    instance_id: Option<&'a str>,
    occurred_at: String,
    received_at: String,
    outcome: &'static str,
    error: Option<&'a str>,
    payload: Option<&'a str>,
}

impl Ledger {
    pub(super) fn new(records: &[Record<'_>]) -> QueryResult<Self> {
        let rows = json(records.iter().map(|record| LedgerEntry {
            svix_id: &record.entry.svix_id,
            r#type: record.entry.event_type.as_deref(),
            object_id: record.entry.object_id.as_deref(),
            user_id: record.entry.user_id.as_deref(),
            instance_id: record.entry.instance_id.as_deref(),
            occurred_at: record.entry.occurred_at.to_rfc3339(),
            received_at: record.entry.received_at.to_rfc3339(),
            outcome: record.outcome.as_str(),
            error: record.error(),
            payload: record.entry.payload,
        }))?;
        Ok(Self { rows })
    }
}

impl QueryFragment<Sqlite> for Ledger {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO webhook_events (svix_id, type, object_id, user_id, instance_id, occurred_at, \
                 received_at, outcome, error, payload) \
             SELECT value ->> '$.svix_id', value ->> '$.type', value ->> '$.object_id', \
                 value ->> '$.user_id', value ->> '$.instance_id', value ->> '$.occurred_at', value ->> '$.received_at', \
                 value ->> '$.outcome', value ->> '$.error', value ->> '$.payload' \
             FROM json_each(",
        );
        out.push_bind_param::<Text, _>(&self.rows)?;
        out.push_sql(") WHERE true ON CONFLICT DO NOTHING RETURNING svix_id");
        Ok(())
    }
}

impl QueryId for Ledger {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Ledger {
    type SqlType = Text;
}

impl RunQueryDsl<SqliteConnection> for Ledger {}

fn json(rows: impl Iterator<Item = impl Serialize>) -> QueryResult<String> {
    let rows: Vec<_> = rows.collect();
    serde_json::to_string(&rows).map_err(|error| DieselError::SerializationError(error.into()))
}
