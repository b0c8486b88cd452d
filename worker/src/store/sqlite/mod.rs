//! The store in a SQLite file: for one machine, without a server.

mod erasure;
mod faults;
mod queries;
mod replay;
mod stats;
mod upkeep;

use std::collections::HashSet;
use std::path::{self, Path};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::r2d2::{self, ConnectionManager, CustomizeConnection, NopErrorHandler, Pool, PooledConnection};
use diesel::result::Error as DieselError;
use diesel::sql_types::{Bool, Text};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::error::{Fault, OpenError, StoreError};
use super::trial::undone;
use super::upkeep::SLICE;
use super::{
    Erasure, EventFilter, Findings, FormerState, LedgerRow, Outcome, Place, Selection, Stats, Store,
    StoreOptions, Upkeep, erasure as erasing, migrate,
};
use crate::event::{Entry, Millis, Table};
use crate::store::batch::{self, Erased, Moved, Record, Row, Transaction, Trial};
use erasure::SqliteSession;
use queries::{ErasedIds, Ledger, Merge, webhook_events};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

pub(super) struct SqliteStore {
    pool: Pool<ConnectionManager<SqliteConnection>>,
}

impl SqliteStore {
    pub(super) fn open(path: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let manager = ConnectionManager::new(checked_path(path)?);
        let pool = Pool::builder()
            // SQLite has one writer: waiting for a turn is fairer here than inside of it.
            .max_size(1)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(options.acquire_timeout)
            .connection_customizer(Box::new(Session { busy_timeout: options.acquire_timeout }))
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(manager);
        Ok(Self { pool })
    }

    fn connection(&self) -> Result<PooledConnection<ConnectionManager<SqliteConnection>>, StoreError> {
        Ok(self.pool.get()?)
    }

    /// Runs one writing transaction.
    fn transaction<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection()?.immediate_transaction(work).map_err(faults::judge)
    }
}

/// The file's absolute path, which SQLite takes for nothing but a path.
fn checked_path(path: &str) -> Result<String, OpenError> {
    if path.is_empty() || path == ":memory:" || path.contains('\0') || Path::new(path).is_dir() {
        return Err(OpenError::NoFile);
    }
    let file = path::absolute(path).map_err(|_| OpenError::NoFile)?;
    let folder = file.parent().ok_or(OpenError::NoFile)?;
    if !folder.is_dir() {
        return Err(OpenError::NoFolder(folder.to_owned()));
    }
    file.into_os_string().into_string().map_err(|_| OpenError::NoFile)
}

impl Store for SqliteStore {
    fn migrate(&self) -> Result<Vec<String>, StoreError> {
        self.transaction(|connection| migrate::run_pending(connection, MIGRATIONS))
    }

    fn ping(&self) -> Result<(), StoreError> {
        self.connection()?.batch_execute("SELECT 1")?;
        Ok(())
    }

    fn apply(&self, entries: &[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> {
        self.transaction(|connection| batch::apply(&mut SqliteTransaction { connection }, entries))
    }

    fn examine(&self, entries: &[Entry<'_>]) -> Result<Vec<Findings>, StoreError> {
        let findings = undone(&mut *self.connection()?, |connection| {
            batch::examine(&mut SqliteTransaction { connection }, entries)
        });
        findings.map_err(StoreError::into_retryable)
    }

    fn erase(&self, user_id: &str) -> Result<Erasure, StoreError> {
        let erasure =
            self.transaction(|connection| erasing::erase(&mut SqliteSession { connection }, user_id))?;
        // What was overwritten is still in the log.
        self.connection()?.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(erasure)
    }

    fn erasable(&self, before: Millis, limit: u32) -> Result<Vec<String>, StoreError> {
        let mut connection = self.connection()?;
        erasing::erasable(&mut SqliteSession { connection: &mut connection }, before, limit)
    }

    fn events(&self, filter: &EventFilter) -> Result<Vec<LedgerRow>, StoreError> {
        use webhook_events::dsl;
        let mut query = dsl::webhook_events.select(webhook_events::all_columns).into_boxed();
        if let Some(event_type) = &filter.event_type {
            query = query.filter(dsl::event_type.eq(event_type));
        }
        if let Some(outcome) = filter.outcome {
            query = query.filter(dsl::outcome.eq(outcome.as_str()));
        }
        if let Some(object_id) = &filter.object_id {
            query = query.filter(dsl::object_id.eq(object_id));
        }
        if let Some(user_id) = &filter.user_id {
            query = query.filter(dsl::user_id.eq(user_id));
        }
        if let Some(since) = filter.since {
            // As text in our own format, which diesel's differs from.
            query = query.filter(sql::<Bool>("received_at >= ").bind::<Text, _>(since.to_rfc3339()));
        }
        let newest_first = query.order((dsl::received_at.desc(), dsl::svix_id.desc()));
        Ok(newest_first.limit(filter.limit.into()).load(&mut self.connection()?)?)
    }

    fn event(&self, svix_id: &str) -> Result<Option<LedgerRow>, StoreError> {
        use webhook_events::dsl;
        let query = dsl::webhook_events.find(svix_id).select(webhook_events::all_columns);
        Ok(query.first(&mut self.connection()?).optional()?)
    }

    fn history(&self, svix_id: &str) -> Result<Vec<FormerState>, StoreError> {
        Ok(replay::history(&mut *self.connection()?, svix_id)?)
    }

    fn select(
        &self,
        selection: &Selection,
        after: Option<&Place>,
        limit: u16,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        Ok(replay::page(&mut *self.connection()?, selection, after, limit)?)
    }

    fn count(&self, selection: &Selection) -> Result<i64, StoreError> {
        Ok(replay::count(&mut *self.connection()?, selection)?)
    }

    fn replay(&self, entries: &[Entry<'_>], dry_run: bool) -> Result<Vec<Outcome>, StoreError> {
        let mut rehearsed = None;
        let replayed = self.transaction(|connection| {
            let outcomes = batch::replay(&mut SqliteTransaction { connection }, entries)?;
            if dry_run {
                rehearsed = Some(outcomes);
                return Err(DieselError::RollbackTransaction.into());
            }
            Ok(outcomes)
        });
        rehearsed.map_or(replayed, Ok)
    }

    fn maintain(&self, retention: Option<Duration>) -> Result<Upkeep, StoreError> {
        let mut upkeep = Upkeep::default();
        if let Some(retention) = retention {
            for table in upkeep::TABLES {
                // Each chunk leaves its turn to the events that wait for theirs.
                let chunk = || {
                    self.transaction(|connection| {
                        Ok(Some(upkeep::delete_chunk(connection, table, retention)?))
                    })
                };
                upkeep.delete_chunks(SLICE, upkeep::CHUNK, chunk)?;
            }
        }
        Ok(upkeep)
    }

    fn stats(&self, _exact: bool) -> Result<Stats, StoreError> {
        Ok(self.connection()?.transaction(|connection| stats::read(connection))?)
    }
}

struct SqliteTransaction<'a> {
    connection: &'a mut SqliteConnection,
}

impl SqliteTransaction<'_> {
    /// What is wrong with a statement; nothing remains of one with which something is.
    fn fault<T>(
        &mut self,
        statement: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    ) -> Result<Option<Fault>, StoreError> {
        match self.connection.transaction(statement).map_err(|error| faults::judge(error.into())) {
            Ok(_) => Ok(None),
            Err(StoreError::Suspect(error)) => Ok(Some(Fault { sqlstate: None, message: error.to_string() })),
            Err(error) => Err(error),
        }
    }
}

impl Erased for SqliteTransaction<'_> {
    fn erased(&mut self, ids: &[&str]) -> Result<HashSet<String>, StoreError> {
        let erased: Vec<String> = ErasedIds::new(ids)?.load(self.connection)?;
        Ok(HashSet::from_iter(erased))
    }
}

impl Transaction for SqliteTransaction<'_> {
    fn merge(&mut self, table: Table, rows: &[Row<'_>]) -> Result<Vec<Moved>, StoreError> {
        let moved = Merge::new(table, rows)?.load(self.connection)?;
        Ok(moved.into_iter().map(queries::moved).collect())
    }

    fn record(&mut self, records: &[Record<'_>]) -> Result<Vec<String>, StoreError> {
        Ok(Ledger::new(records)?.load(self.connection)?)
    }
}

impl Trial for SqliteTransaction<'_> {
    fn merge_fault(&mut self, table: Table, rows: &[Row<'_>]) -> Result<Option<Fault>, StoreError> {
        self.fault(|connection| Merge::new(table, rows)?.execute(connection))
    }

    fn record_fault(&mut self, records: &[Record<'_>]) -> Result<Option<Fault>, StoreError> {
        self.fault(|connection| Ledger::new(records)?.execute(connection))
    }
}

#[derive(Debug)]
struct Session {
    busy_timeout: Duration,
}

impl CustomizeConnection<SqliteConnection, r2d2::Error> for Session {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), r2d2::Error> {
        // The timeout comes first, the rest may have to wait for another process. FULL, because what is
        // acknowledged after a commit must survive a loss of power. Secure deletion, because otherwise the file
        // keeps what has been erased until the space is needed.
        let busy_timeout = self.busy_timeout.as_millis();
        connection
            .batch_execute(&format!(
                "PRAGMA busy_timeout = {busy_timeout}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA secure_delete = ON;"
            ))
            .map_err(r2d2::Error::QueryError)
    }
}
