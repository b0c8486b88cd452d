//! PostgreSQL's statements. Each has one text and takes its rows as arrays, so that it is prepared once for any
//! number of rows. They are query fragments because diesel prepares `sql_query` anew every time.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Nullable, Text, Timestamptz};

use crate::event::{Millis, Table};
use crate::store::batch::{Moved, Record, Row};
use crate::store::postgres::diagnosis::OneRow;

diesel::table! {
    clerk.webhook_events (svix_id, occurred_at) {
        svix_id -> Text,
        #[sql_name = "type"]
        event_type -> Nullable<Text>,
        object_id -> Nullable<Text>,
        user_id -> Nullable<Text>,
        instance_id -> Nullable<Text>,
        occurred_at -> Timestamptz,
        received_at -> Timestamptz,
        applied_at -> Timestamptz,
        outcome -> Text,
        error -> Nullable<Text>,
        payload -> Nullable<Text>,
    }
}

/// Which of some ids have been erased. The lock on the table that goes with it keeps erasures waiting.
pub(super) struct ErasedIds<'a> {
    pub(super) ids: &'a [&'a str],
}

impl QueryFragment<Pg> for ErasedIds<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT id FROM clerk.erased WHERE id = ANY (");
        out.push_bind_param::<Array<Text>, _>(self.ids)?;
        out.push_sql(") FOR KEY SHARE");
        Ok(())
    }
}

impl QueryId for ErasedIds<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for ErasedIds<'_> {
    type SqlType = Text;
}

impl RunQueryDsl<PgConnection> for ErasedIds<'_> {}

/// Merges rows into a mirror table and returns those that moved.
pub(super) struct Merge<'a> {
    table: Table,
    ids: Vec<&'a str>,
    data: Vec<Option<&'a str>>,
    versions: Vec<&'a str>,
    deleted_at: Vec<Option<DateTime<Utc>>>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(table: Table, rows: &[Row<'a>]) -> Self {
        Self {
            table,
            ids: rows.iter().map(|row| row.id).collect(),
            data: rows.iter().map(|row| row.data).collect(),
            versions: rows.iter().map(|row| row.version).collect(),
            deleted_at: rows.iter().map(|row| row.deleted_at.map(Millis::to_datetime)).collect(),
        }
    }
}

impl QueryFragment<Pg> for Merge<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO clerk.");
        out.push_sql(self.table.name());
        out.push_sql(
            " AS old (id, data, version, deleted_at) \
             SELECT id, data::jsonb, version, deleted_at FROM UNNEST(",
        );
        out.push_bind_param::<Array<Text>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.data)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.versions)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Timestamptz>>, _>(&self.deleted_at)?;
        // LEAST ignores nulls.
        out.push_sql(
            ") AS new (id, data, version, deleted_at) \
             ON CONFLICT (id) DO UPDATE SET \
                 data = CASE WHEN excluded.version > old.version THEN excluded.data ELSE old.data END, \
                 version = GREATEST(old.version, excluded.version), \
                 deleted_at = LEAST(old.deleted_at, excluded.deleted_at) \
             WHERE excluded.version > old.version \
                OR excluded.deleted_at < old.deleted_at \
                OR (old.deleted_at IS NULL AND excluded.deleted_at IS NOT NULL) \
             RETURNING id, version, deleted_at",
        );
        Ok(())
    }
}

impl QueryId for Merge<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Merge<'_> {
    type SqlType = (Text, Text, Nullable<Timestamptz>);
}

impl RunQueryDsl<PgConnection> for Merge<'_> {}

impl OneRow for Merge<'_> {
    fn arguments(&self) -> Vec<(Option<String>, &'static str)> {
        vec![
            (first_text(&self.ids), "text"),
            (first_nullable(&self.data), "text"),
            (first_text(&self.versions), "text"),
            (first_time(&self.deleted_at), "timestamptz"),
        ]
    }
}

/// A row that [`Merge`] returns.
pub(super) fn moved((id, version, deleted_at): (String, String, Option<DateTime<Utc>>)) -> Moved {
    Moved { id, version, deleted_at: deleted_at.map(Millis::from) }
}

/// Writes rows into the ledger and returns the svix-ids of those that were new.
pub(super) struct Ledger<'a> {
    svix_ids: Vec<&'a str>,
    types: Vec<Option<&'a str>>,
    object_ids: Vec<Option<&'a str>>,
    user_ids: Vec<Option<&'a str>>,
    instance_ids: Vec<Option<&'a str>>,
    occurred_at: Vec<DateTime<Utc>>,
    received_at: Vec<DateTime<Utc>>,
    outcomes: Vec<&'static str>,
    errors: Vec<Option<&'a str>>,
    payloads: Vec<Option<&'a str>>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(records: &'a [Record<'a>]) -> Self {
        let entries = || records.iter().map(|record| record.entry);
        Self {
            svix_ids: entries().map(|entry| entry.svix_id.as_ref()).collect(),
            types: entries().map(|entry| entry.event_type.as_deref()).collect(),
            object_ids: entries().map(|entry| entry.object_id.as_deref()).collect(),
            user_ids: entries().map(|entry| entry.user_id.as_deref()).collect(),
            instance_ids: entries().map(|entry| entry.instance_id.as_deref()).collect(),
            occurred_at: entries().map(|entry| entry.occurred_at.to_datetime()).collect(),
            received_at: entries().map(|entry| entry.received_at.to_datetime()).collect(),
            outcomes: records.iter().map(|record| record.outcome.as_str()).collect(),
            errors: records.iter().map(Record::error).collect(),
            payloads: entries().map(|entry| entry.payload).collect(),
        }
    }
}

impl QueryFragment<Pg> for Ledger<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO clerk.webhook_events (svix_id, type, object_id, user_id, instance_id, occurred_at, \
                 received_at, outcome, error, payload) \
             SELECT * FROM UNNEST(",
        );
        out.push_bind_param::<Array<Text>, _>(&self.svix_ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.types)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.object_ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.user_ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.instance_ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Timestamptz>, _>(&self.occurred_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Timestamptz>, _>(&self.received_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.outcomes)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.errors)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.payloads)?;
        out.push_sql(") ON CONFLICT DO NOTHING RETURNING svix_id");
        Ok(())
    }
}

impl QueryId for Ledger<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Ledger<'_> {
    type SqlType = Text;
}

impl RunQueryDsl<PgConnection> for Ledger<'_> {}

impl OneRow for Ledger<'_> {
    fn arguments(&self) -> Vec<(Option<String>, &'static str)> {
        vec![
            (first_text(&self.svix_ids), "text"),
            (first_nullable(&self.types), "text"),
            (first_nullable(&self.object_ids), "text"),
            (first_nullable(&self.user_ids), "text"),
            (first_nullable(&self.instance_ids), "text"),
            (self.occurred_at.first().map(DateTime::to_rfc3339), "timestamptz"),
            (self.received_at.first().map(DateTime::to_rfc3339), "timestamptz"),
            (first_text(&self.outcomes), "text"),
            (first_nullable(&self.errors), "text"),
            (first_nullable(&self.payloads), "text"),
        ]
    }
}

fn first_text(values: &[&str]) -> Option<String> {
    values.first().map(|value| (*value).to_owned())
}

fn first_nullable(values: &[Option<&str>]) -> Option<String> {
    first_text(values.first()?.as_slice())
}

fn first_time(values: &[Option<DateTime<Utc>>]) -> Option<String> {
    values.first()?.as_ref().map(DateTime::to_rfc3339)
}
