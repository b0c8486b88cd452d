//! The store in PostgreSQL, in the schema `clerk`.

mod erasure;
mod partitions;
mod queries;
mod replay;
mod stats;
mod upkeep;
mod url;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{self, ConnectionManager, CustomizeConnection, NopErrorHandler, Pool, PooledConnection};
use diesel::result::Error as DieselError;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::error::{OpenError, StoreError};
use super::{
    Erasure, EventFilter, FormerState, LedgerRow, Outcome, Place, Selection, Stats, Store, StoreOptions,
    Upkeep, erasure as erasing, migrate,
};
use crate::event::{Entry, Millis, Table};
use crate::store::batch::{self, Moved, Record, Row, Transaction};
use erasure::PgSession;
use queries::{ErasedIds, Ledger, Merge, webhook_events};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// Keeps two processes from migrating at once; any number would do that nobody else locks.
const MIGRATION_LOCK: i64 = 0x636c_6572_6b6d_6972;

pub(super) struct PostgresStore {
    pool: Pool<ConnectionManager<PgConnection>>,
    statement_timeout: Duration,
}

impl PostgresStore {
    pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let manager = ConnectionManager::new(url::with_defaults(url)?);
        let pool = Pool::builder()
            .max_size(options.connections.get())
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(options.acquire_timeout)
            .connection_customizer(Box::new(Session { statement_timeout: options.statement_timeout }))
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(manager);
        Ok(Self { pool, statement_timeout: options.statement_timeout })
    }

    fn connection(&self) -> Result<PooledConnection<ConnectionManager<PgConnection>>, StoreError> {
        Ok(self.pool.get()?)
    }

    fn transaction<T>(
        &self,
        work: impl FnOnce(&mut PgTransaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection()?.transaction(|connection| {
            work(&mut PgTransaction { connection, statement_timeout: self.statement_timeout })
        })
    }
}

impl Store for PostgresStore {
    fn migrate(&self) -> Result<Vec<String>, StoreError> {
        self.connection()?.transaction(|connection| {
            connection.batch_execute(&format!(
                "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK});"
            ))?;
            // Diesel's own table has no schema: the application may keep one of the same name in `public`. The
            // schema is looked for first, because creating it needs a right that using it does not.
            connection.batch_execute(
                "DO $$ BEGIN
                     IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'clerk') THEN
                         CREATE SCHEMA clerk;
                     END IF;
                 END $$;
                 SET LOCAL search_path = clerk;",
            )?;
            migrate::run_pending(connection, MIGRATIONS)
        })
    }

    fn ping(&self) -> Result<(), StoreError> {
        self.connection()?.batch_execute("SELECT 1")?;
        Ok(())
    }

    fn apply(&self, entries: &[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> {
        self.transaction(|transaction| batch::apply(transaction, entries))
    }

    fn probe(&self, table: Table) -> Result<(), StoreError> {
        self.transaction(|transaction| transaction.merge(table, &[]).map(drop))
    }

    fn erase(&self, user_id: &str) -> Result<Erasure, StoreError> {
        self.connection()?.transaction(|connection| erasing::erase(&mut PgSession { connection }, user_id))
    }

    fn erasable(&self, before: Millis, limit: u32) -> Result<Vec<String>, StoreError> {
        let mut connection = self.connection()?;
        erasing::erasable(&mut PgSession { connection: &mut connection }, before, limit)
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
            query = query.filter(dsl::received_at.ge(since.to_datetime()));
        }
        let newest_first = query.order((dsl::received_at.desc(), dsl::svix_id.desc()));
        Ok(newest_first.limit(filter.limit.into()).load(&mut self.connection()?)?)
    }

    fn event(&self, svix_id: &str) -> Result<Option<LedgerRow>, StoreError> {
        use webhook_events::dsl;
        let query = dsl::webhook_events.filter(dsl::svix_id.eq(svix_id)).select(webhook_events::all_columns);
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
        self.connection()?.transaction(|connection| Ok(replay::page(connection, selection, after, limit)?))
    }

    fn count(&self, selection: &Selection) -> Result<i64, StoreError> {
        self.connection()?.transaction(|connection| Ok(replay::count(connection, selection)?))
    }

    fn replay(&self, entries: &[Entry<'_>], dry_run: bool) -> Result<Vec<Outcome>, StoreError> {
        let mut rehearsed = None;
        let replayed = self.transaction(|transaction| {
            let outcomes = batch::replay(transaction, entries)?;
            if dry_run {
                transaction.run(|connection| connection.batch_execute("SET CONSTRAINTS ALL IMMEDIATE"))?;
                rehearsed = Some(outcomes);
                return Err(DieselError::RollbackTransaction.into());
            }
            Ok(outcomes)
        });
        rehearsed.map_or(replayed, Ok)
    }

    fn maintain(&self, retention: Option<Duration>) -> Result<Upkeep, StoreError> {
        upkeep::run(&mut *self.connection()?, retention)
    }

    fn stats(&self, exact: bool) -> Result<Stats, StoreError> {
        self.connection()?.transaction(|connection| stats::read(connection, exact))
    }
}

struct PgTransaction<'a> {
    connection: &'a mut PgConnection,
    statement_timeout: Duration,
}

impl PgTransaction<'_> {
    fn run<T>(
        &mut self,
        statement: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        statement(self.connection)
            .map_err(|error| StoreError::from(error).after(start.elapsed(), self.statement_timeout))
    }
}

impl Transaction for PgTransaction<'_> {
    fn erased(&mut self, ids: &[&str]) -> Result<HashSet<String>, StoreError> {
        let erased: Vec<String> = self.run(|connection| ErasedIds { ids }.load(connection))?;
        Ok(HashSet::from_iter(erased))
    }

    fn merge(&mut self, table: Table, rows: &[Row<'_>]) -> Result<Vec<Moved>, StoreError> {
        let moved = self.run(|connection| Merge::new(table, rows).load(connection))?;
        Ok(moved.into_iter().map(queries::moved).collect())
    }

    fn record(&mut self, records: &[Record<'_>]) -> Result<Vec<String>, StoreError> {
        self.run(|connection| Ledger::new(records).load(connection))
    }
}

#[derive(Debug)]
struct Session {
    statement_timeout: Duration,
}

impl CustomizeConnection<PgConnection, r2d2::Error> for Session {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), r2d2::Error> {
        // Waiting for a lock must end as a statement timeout, which is known not to be a fault in the data.
        let timeout = self.statement_timeout.as_millis();
        connection
            .batch_execute(&format!("SET statement_timeout = {timeout}; SET lock_timeout = 0;"))
            .map_err(r2d2::Error::QueryError)
    }
}
