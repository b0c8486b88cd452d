//! One transaction, as applying and examining a batch see it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::query_builder::QueryId;

use super::diagnosis::{self, OneRow};
use super::queries::{self, ErasedIds, Ledger, Merge};
use super::vigil::Call;
use crate::event::Table;
use crate::store::batch::{Erased, Moved, Record, Row, Transaction, Trial};
use crate::store::error::{Fault, StoreError};

/// An open transaction.
pub(super) struct PgTransaction<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) call: &'a Call<'a>,
    pub(super) statement_timeout: Duration,
}

impl PgTransaction<'_> {
    pub(super) fn run<T>(
        &mut self,
        statement: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        let result = statement(self.connection);
        self.call.heard();
        result.map_err(|error| StoreError::from(error).after(start.elapsed(), self.statement_timeout))
    }

    /// What the server has against a statement; nothing remains of one that it refuses.
    fn fault<S>(&mut self, statement: S, rows: usize) -> Result<Option<Fault>, StoreError>
    where
        S: OneRow + QueryId + RunQueryDsl<PgConnection>,
    {
        if rows == 1 {
            let diagnosed = diagnosis::diagnose(self.connection, &statement);
            self.call.heard();
            return diagnosed;
        }
        let tried = self.run(|connection| connection.transaction(|connection| statement.execute(connection)));
        match tried {
            Ok(_) => Ok(None),
            Err(StoreError::Suspect(error)) => Ok(Some(Fault { sqlstate: None, message: error.to_string() })),
            Err(error) => Err(error),
        }
    }
}

impl Erased for PgTransaction<'_> {
    fn erased(&mut self, ids: &[&str]) -> Result<HashSet<String>, StoreError> {
        let erased: Vec<String> = self.run(|connection| ErasedIds { ids }.load(connection))?;
        Ok(HashSet::from_iter(erased))
    }
}

impl Transaction for PgTransaction<'_> {
    fn merge(&mut self, table: Table, rows: &[Row<'_>]) -> Result<Vec<Moved>, StoreError> {
        let moved = self.run(|connection| Merge::new(table, rows).load(connection))?;
        Ok(moved.into_iter().map(queries::moved).collect())
    }

    fn record(&mut self, records: &[Record<'_>]) -> Result<Vec<String>, StoreError> {
        self.run(|connection| Ledger::new(records).load(connection))
    }
}

impl Trial for PgTransaction<'_> {
    fn merge_fault(&mut self, table: Table, rows: &[Row<'_>]) -> Result<Option<Fault>, StoreError> {
        self.fault(Merge::new(table, rows), rows.len())
    }

    fn record_fault(&mut self, records: &[Record<'_>]) -> Result<Option<Fault>, StoreError> {
        self.fault(Ledger::new(records), records.len())
    }
}
