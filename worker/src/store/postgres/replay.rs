//! Replaying in PostgreSQL: finding rows of the ledger, and rewriting them.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamptz};

use super::PgTransaction;
use super::queries::webhook_events;
use crate::store::batch::{Held, Rewrite};
use crate::store::{FormerState, LedgerRow, Place, Selection, StoreError};

diesel::table! {
    clerk.webhook_event_history (id) {
        id -> BigInt,
        svix_id -> Text,
        applied_at -> Timestamptz,
        outcome -> Text,
        error -> Nullable<Text>,
        replaced_at -> Timestamptz,
    }
}

/// What the ledger said of an event before, the oldest state first.
pub(super) fn history(connection: &mut PgConnection, svix_id: &str) -> QueryResult<Vec<FormerState>> {
    use webhook_event_history::dsl;
    dsl::webhook_event_history
        .filter(dsl::svix_id.eq(svix_id))
        .select((dsl::applied_at, dsl::outcome, dsl::error, dsl::replaced_at))
        .order(dsl::id)
        .load(connection)
}

/// A page of a selection. Takes a transaction.
pub(super) fn page(
    connection: &mut PgConnection,
    selection: &Selection,
    after: Option<&Place>,
    limit: u16,
) -> QueryResult<Vec<LedgerRow>> {
    use webhook_events::dsl;
    // A type that is rare makes a page a long way through the index. Sorted instead, each page would be the whole
    // ledger's way.
    connection.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL enable_sort = off")?;
    let query = selected(selection, after).select(webhook_events::all_columns);
    query.order((dsl::received_at, dsl::svix_id)).limit(limit.into()).load(connection)
}

/// How many rows a selection has. Takes a transaction.
pub(super) fn count(connection: &mut PgConnection, selection: &Selection) -> QueryResult<i64> {
    connection.batch_execute("SET LOCAL statement_timeout = 0")?;
    selected(selection, None).count().get_result(connection)
}

fn selected<'a>(selection: &'a Selection, after: Option<&'a Place>) -> webhook_events::BoxedQuery<'a, Pg> {
    use webhook_events::dsl;
    let mut query = dsl::webhook_events.into_boxed();
    if selection.dead {
        // Literally as in the partial index, which is not used for a parameter.
        query = query.filter(sql::<Bool>("outcome = 'dead'"));
    }
    if let Some(event_type) = &selection.event_type {
        query = query.filter(dsl::event_type.eq(event_type));
    }
    if let Some(place) = after {
        // Which is beyond `since`.
        let beyond = sql::<Bool>("(received_at, svix_id) > (").bind::<Timestamptz, _>(place.received_at);
        query = query.filter(beyond.sql(", ").bind::<Text, _>(&place.svix_id).sql(")"));
    } else if let Some(since) = selection.since {
        query = query.filter(dsl::received_at.ge(since.to_datetime()));
    }
    if let Some(until) = selection.until {
        query = query.filter(dsl::received_at.lt(until.to_datetime()));
    }
    query
}

impl Rewrite for PgTransaction<'_> {
    fn hold(&mut self, keys: &str) -> Result<Vec<Held>, StoreError> {
        // As writing will do anyway: a row that upkeep is moving into another partition would not be found there.
        self.run(|connection| {
            connection.batch_execute("LOCK TABLE ONLY clerk.webhook_events IN ROW EXCLUSIVE MODE")
        })?;
        // In one order, whoever replays the same events.
        let hold = diesel::sql_query(
            "SELECT held.svix_id, held.type AS event_type, object_id, user_id, instance_id, outcome, error, \
                 payload IS NOT NULL AS has_payload \
             FROM json_to_recordset($1::json) AS key (svix_id text, occurred_at timestamptz) \
                 JOIN clerk.webhook_events AS held USING (svix_id, occurred_at) \
             ORDER BY held.svix_id COLLATE \"C\" FOR UPDATE OF held",
        );
        self.run(|connection| hold.bind::<Text, _>(keys).load(connection))
    }

    fn rewrite(&mut self, rows: &str) -> Result<(), StoreError> {
        let remember = diesel::sql_query(
            "INSERT INTO clerk.webhook_event_history \
                 (svix_id, occurred_at, received_at, applied_at, outcome, error) \
             SELECT svix_id, occurred_at, received_at, applied_at, outcome, \
                 CASE WHEN keep_payload OR error IS NULL THEN error ELSE 'erased' END \
             FROM json_to_recordset($1::json) AS new (svix_id text, occurred_at timestamptz, keep_payload boolean) \
                 JOIN clerk.webhook_events USING (svix_id, occurred_at)",
        );
        let rewrite = diesel::sql_query(
            "UPDATE clerk.webhook_events AS held SET type = new.event_type, object_id = new.object_id, \
                 user_id = new.user_id, instance_id = new.instance_id, applied_at = clock_timestamp(), \
                 outcome = new.outcome, error = new.error, \
                 payload = CASE WHEN new.keep_payload THEN held.payload END \
             FROM json_to_recordset($1::json) AS new (svix_id text, occurred_at timestamptz, event_type text, \
                 object_id text, user_id text, instance_id text, outcome text, error text, keep_payload boolean) \
             WHERE held.svix_id = new.svix_id AND held.occurred_at = new.occurred_at",
        );
        self.run(|connection| remember.bind::<Text, _>(rows).execute(connection))?;
        self.run(|connection| rewrite.bind::<Text, _>(rows).execute(connection))?;
        Ok(())
    }
}
