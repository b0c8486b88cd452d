//! Replaying in SQLite: finding rows of the ledger, and rewriting them.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;

use super::SqliteTransaction;
use super::queries::webhook_events;
use crate::event::Millis;
use crate::store::batch::{Held, Rewrite};
use crate::store::{FormerState, LedgerRow, Place, Selection, StoreError};

diesel::table! {
    webhook_event_history (id) {
        id -> BigInt,
        svix_id -> Text,
        applied_at -> TimestamptzSqlite,
        outcome -> Text,
        error -> Nullable<Text>,
        replaced_at -> TimestamptzSqlite,
    }
}

/// What the ledger said of an event before, the oldest state first.
pub(super) fn history(connection: &mut SqliteConnection, svix_id: &str) -> QueryResult<Vec<FormerState>> {
    use webhook_event_history::dsl;
    dsl::webhook_event_history
        .filter(dsl::svix_id.eq(svix_id))
        .select((dsl::applied_at, dsl::outcome, dsl::error, dsl::replaced_at))
        .order(dsl::id)
        .load(connection)
}

/// A page of a selection.
pub(super) fn page(
    connection: &mut SqliteConnection,
    selection: &Selection,
    after: Option<&Place>,
    limit: u16,
) -> QueryResult<Vec<LedgerRow>> {
    use webhook_events::dsl;
    let query = selected(selection, after).select(webhook_events::all_columns);
    query.order((dsl::received_at, dsl::svix_id)).limit(limit.into()).load(connection)
}

/// How many rows a selection has.
pub(super) fn count(connection: &mut SqliteConnection, selection: &Selection) -> QueryResult<i64> {
    selected(selection, None).count().get_result(connection)
}

fn selected<'a>(
    selection: &'a Selection,
    after: Option<&'a Place>,
) -> webhook_events::BoxedQuery<'a, Sqlite> {
    use webhook_events::dsl;
    let mut query = dsl::webhook_events.into_boxed();
    if selection.dead {
        // Literally as in the partial index, which is not used for a parameter.
        query = query.filter(sql::<Bool>("outcome = 'dead'"));
    }
    if let Some(event_type) = &selection.event_type {
        query = query.filter(dsl::event_type.eq(event_type));
    }
    // Times as text in our own format, which diesel's differs from.
    if let Some(place) = after {
        // Which is beyond `since`. Given both, SQLite would begin each page at `since`.
        let received_at = Millis::from(place.received_at).to_rfc3339();
        let beyond = sql::<Bool>("(received_at, svix_id) > (").bind::<Text, _>(received_at);
        query = query.filter(beyond.sql(", ").bind::<Text, _>(&place.svix_id).sql(")"));
    } else if let Some(since) = selection.since {
        query = query.filter(sql::<Bool>("received_at >= ").bind::<Text, _>(since.to_rfc3339()));
    }
    if let Some(until) = selection.until {
        query = query.filter(sql::<Bool>("received_at < ").bind::<Text, _>(until.to_rfc3339()));
    }
    query
}

impl Rewrite for SqliteTransaction<'_> {
    fn hold(&mut self, keys: &str) -> Result<Vec<Held>, StoreError> {
        let hold = diesel::sql_query(
            "SELECT svix_id, held.type AS event_type, object_id, user_id, instance_id, outcome, error, \
                 payload IS NOT NULL AS has_payload \
             FROM json_each(?) AS key JOIN webhook_events AS held ON svix_id = key.value ->> '$.svix_id'",
        );
        Ok(hold.bind::<Text, _>(keys).load(self.connection)?)
    }

    fn rewrite(&mut self, rows: &str) -> Result<(), StoreError> {
        let remember = diesel::sql_query(
            "INSERT INTO webhook_event_history \
                 (svix_id, occurred_at, received_at, applied_at, outcome, error) \
             SELECT svix_id, occurred_at, received_at, applied_at, outcome, \
                 CASE WHEN new.value ->> '$.keep_payload' OR error IS NULL THEN error ELSE 'erased' END \
             FROM json_each(?) AS new JOIN webhook_events ON svix_id = new.value ->> '$.svix_id'",
        );
        let rewrite = diesel::sql_query(
            "UPDATE webhook_events AS held SET type = new.value ->> '$.event_type', \
                 object_id = new.value ->> '$.object_id', user_id = new.value ->> '$.user_id', \
                 instance_id = new.value ->> '$.instance_id', \
                 applied_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), \
                 outcome = new.value ->> '$.outcome', error = new.value ->> '$.error', \
                 payload = CASE WHEN new.value ->> '$.keep_payload' THEN held.payload END \
             FROM json_each(?) AS new WHERE held.svix_id = new.value ->> '$.svix_id'",
        );
        remember.bind::<Text, _>(rows).execute(self.connection)?;
        rewrite.bind::<Text, _>(rows).execute(self.connection)?;
        Ok(())
    }
}
