//! Erasing a person in SQLite.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;

use crate::store::StoreError;
use crate::store::erasure::{Row, Session};

pub(super) struct SqliteSession<'a> {
    pub(super) connection: &'a mut SqliteConnection,
}

impl Session for SqliteSession<'_> {
    const SCHEMA: &'static str = "";
    const TIME: &'static str = "";
    const JSON: &'static str = "";

    fn elements(parameter: &str) -> String {
        format!("SELECT value FROM json_each({parameter})")
    }

    fn hold_off_batches(&mut self) -> Result<(), StoreError> {
        // There is one writer, and this transaction is it.
        Ok(())
    }

    fn rows(&mut self, sql: &str, parameters: &[&str]) -> Result<Vec<Row>, StoreError> {
        let mut query = diesel::sql_query(sql).into_boxed::<Sqlite>();
        for parameter in parameters {
            query = query.bind::<Text, _>(*parameter);
        }
        Ok(query.load(self.connection)?)
    }
}
