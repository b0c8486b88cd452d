//! The store in PostgreSQL, in the schema `clerk`.

mod connections;
mod diagnosis;
mod erasure;
mod partitions;
mod queries;
mod replay;
mod stats;
mod transaction;
mod upkeep;
mod url;
mod vigil;

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::error::{OpenError, StoreError};
use super::trial::undone;
use super::{
    Erasure, EventFilter, Findings, FormerState, LedgerRow, Outcome, Place, Selection, Stats, Store,
    StoreOptions, Upkeep, erasure as erasing, migrate,
};
use crate::event::{Entry, Millis};
use crate::store::batch;
use connections::{Connections, Pooled};
use erasure::PgSession;
use queries::webhook_events;
use transaction::PgTransaction;
use vigil::Call;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// Keeps two processes from migrating at once; any number would do that nobody else locks.
const MIGRATION_LOCK: i64 = 0x636c_6572_6b6d_6972;

pub(super) struct PostgresStore {
    connections: Connections,
    statement_timeout: Duration,
}

impl PostgresStore {
    pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let connections = Connections::new(url::with_defaults(url)?, options);
        Ok(Self { connections, statement_timeout: options.statement_timeout })
    }

    fn connection(&self) -> Result<Pooled, StoreError> {
        self.connections.get()
    }

    fn transaction<T>(
        &self,
        work: impl FnOnce(&mut PgTransaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connections.with(|connection, call| {
            connection.transaction(|connection| work(&mut self.within(connection, call)))
        })
    }

    fn within<'a>(&self, connection: &'a mut PgConnection, call: &'a Call<'a>) -> PgTransaction<'a> {
        PgTransaction { connection, call, statement_timeout: self.statement_timeout }
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
        self.connections.with(|connection, _| Ok(connection.batch_execute("SELECT 1")?))
    }

    fn give_up_silent(&self) -> bool {
        self.connections.give_up_silent()
    }

    fn apply(&self, entries: &[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> {
        self.transaction(|transaction| batch::apply(transaction, entries))
    }

    fn examine(&self, entries: &[Entry<'_>]) -> Result<Vec<Findings>, StoreError> {
        let findings = self.connections.with(|connection, call| {
            undone(connection, |connection| {
                // What a trigger would say at the commit it says at the statement.
                connection.batch_execute("SET CONSTRAINTS ALL IMMEDIATE")?;
                batch::examine(&mut self.within(connection, call), entries)
            })
        });
        findings.map_err(StoreError::into_retryable)
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
