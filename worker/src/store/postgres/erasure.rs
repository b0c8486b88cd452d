//! Erasing a person in PostgreSQL.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::store::StoreError;
use crate::store::erasure::{Row, Session};

/// How long the events that come meanwhile may be kept waiting for those before them.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct PgSession<'a> {
    pub(super) connection: &'a mut PgConnection,
}

impl Session for PgSession<'_> {
    const SCHEMA: &'static str = "clerk.";
    const TIME: &'static str = "::timestamptz";
    const JSON: &'static str = "::jsonb";

    fn elements(parameter: &str) -> String {
        format!("SELECT jsonb_array_elements_text({parameter}::jsonb)")
    }

    fn hold_off_batches(&mut self) -> Result<(), StoreError> {
        let patience = PATIENCE.as_millis();
        let start = Instant::now();
        // Against the lock that every batch takes when it asks who has been erased; reading is not disturbed.
        self.connection
            .batch_execute(&format!(
                "SET LOCAL lock_timeout = {patience}; LOCK TABLE clerk.erased IN EXCLUSIVE MODE"
            ))
            .map_err(|error| StoreError::from(error).after(start.elapsed(), PATIENCE))
    }

    fn rows(&mut self, sql: &str, parameters: &[&str]) -> Result<Vec<Row>, StoreError> {
        let mut query = diesel::sql_query(sql).into_boxed::<Pg>();
        for parameter in parameters {
            query = query.bind::<Text, _>(*parameter);
        }
        Ok(query.load(self.connection)?)
    }
}
