//! The store in PostgreSQL, in the schema `clerk`.

mod diagnosis;
mod erasure;
mod partitions;
mod queries;
mod stats;
mod upkeep;
mod url;
mod vigil;

use std::collections::HashSet;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{self, ConnectionManager, CustomizeConnection, NopErrorHandler, Pool, PooledConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::error::{Fault, OpenError, StoreError};
use super::trial::undone;
use super::{
    Erasure, EventFilter, Findings, LedgerRow, Outcome, Stats, Store, StoreOptions, Upkeep,
    erasure as erasing, migrate,
};
use crate::event::{Entry, Millis, Table};
use crate::store::batch::{self, Erased, Moved, Record, Row, Transaction, Trial};
use erasure::PgSession;
use queries::{ErasedIds, Ledger, Merge, webhook_events};
use vigil::{Call, Vigil};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// Keeps two processes from migrating at once; any number would do that nobody else locks.
const MIGRATION_LOCK: i64 = 0x636c_6572_6b6d_6972;

/// While connecting fails, the pool tries again at least this often twice over.
const RECONNECT: Duration = Duration::from_secs(1);

/// The server itself ends a statement after its timeout; that answer has so long to get here.
const GRACE: Duration = Duration::from_secs(5);

type Manager = ConnectionManager<PgConnection>;
type Pooled = PooledConnection<Manager>;

pub(super) struct PostgresStore {
    url: String,
    options: StoreOptions,
    /// Replaced when its connections are given up.
    pool: RwLock<Pool<Manager>>,
    vigil: Arc<Vigil>,
    /// How often a connection was lost. Those made before the last time have probably gone with it.
    losses: AtomicU64,
}

/// The losses there had been when a connection was last known to work.
struct SoundAfter(u64);

impl PostgresStore {
    pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Self, OpenError> {
        let url = url::with_defaults(url)?;
        let vigil = Arc::default();
        Ok(Self {
            pool: RwLock::new(pool(&url, options, &vigil)),
            url,
            options: options.clone(),
            vigil,
            losses: AtomicU64::new(0),
        })
    }

    /// A connection; one that another was lost after is tested first, so that the restart of a server costs one failed
    /// batch and not one for each connection.
    fn connection(&self) -> Result<Pooled, StoreError> {
        loop {
            let pool = self.pool.read().unwrap_or_else(PoisonError::into_inner).clone();
            let mut connection = pool.get_timeout(self.options.acquire_timeout)?;
            let losses = self.losses.load(Ordering::Relaxed);
            let known = Pooled::extensions(&connection).get::<SoundAfter>();
            let sound = known.is_none_or(|SoundAfter(before)| *before == losses);
            if sound || self.answers(&mut connection) {
                Pooled::extensions_mut(&mut connection).insert(SoundAfter(losses));
                return Ok(connection);
            }
            discard(&mut connection);
        }
    }

    fn answers(&self, connection: &mut PgConnection) -> bool {
        let _call = self.vigil.begin();
        connection.batch_execute("SELECT 1").is_ok()
    }

    /// Runs something on a connection under watch, and takes note if that is lost.
    fn with_connection<T>(
        &self,
        work: impl FnOnce(&mut PgConnection, &Call<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection()?;
        let call = self.vigil.begin();
        let result = work(&mut connection, &call);
        if result.as_ref().is_err_and(StoreError::lost_connection) {
            self.losses.fetch_add(1, Ordering::Relaxed);
            discard(&mut connection);
        }
        result
    }

    fn transaction<T>(
        &self,
        work: impl FnOnce(&mut PgTransaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_connection(|connection, call| {
            connection.transaction(|connection| work(&mut self.within(connection, call)))
        })
    }

    fn within<'a>(&self, connection: &'a mut PgConnection, call: &'a Call<'a>) -> PgTransaction<'a> {
        PgTransaction { connection, call, statement_timeout: self.options.statement_timeout }
    }
}

fn pool(url: &str, options: &StoreOptions, vigil: &Arc<Vigil>) -> Pool<Manager> {
    let session = Session { statement_timeout: options.statement_timeout, vigil: vigil.clone() };
    Pool::builder()
        .max_size(options.connections.get())
        .min_idle(Some(0))
        .test_on_check_out(false)
        // The pool's own waits between attempts to connect grow up to half of this.
        .connection_timeout(RECONNECT)
        .connection_customizer(Box::new(session))
        .error_handler(Box::new(NopErrorHandler))
        .build_unchecked(Manager::new(url))
}

/// Keeps the pool from handing a connection out again.
fn discard(connection: &mut PgConnection) {
    AnsiTransactionManager::transaction_manager_status_mut(connection).set_in_error();
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
        self.with_connection(|connection, _| Ok(connection.batch_execute("SELECT 1")?))
    }

    fn give_up_silent(&self) -> bool {
        let given_up = self.vigil.give_up(self.options.statement_timeout + GRACE);
        if given_up {
            // The connections in use go with the calls that use them, should these ever end.
            *self.pool.write().unwrap_or_else(PoisonError::into_inner) =
                pool(&self.url, &self.options, &self.vigil);
        }
        given_up
    }

    fn apply(&self, entries: &[Entry<'_>]) -> Result<Vec<Outcome>, StoreError> {
        self.transaction(|transaction| batch::apply(transaction, entries))
    }

    fn examine(&self, entries: &[Entry<'_>]) -> Result<Vec<Findings>, StoreError> {
        let findings = self.with_connection(|connection, call| {
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

    fn maintain(&self, retention: Option<Duration>) -> Result<Upkeep, StoreError> {
        upkeep::run(&mut *self.connection()?, retention)
    }

    fn stats(&self, exact: bool) -> Result<Stats, StoreError> {
        self.connection()?.transaction(|connection| stats::read(connection, exact))
    }
}

struct PgTransaction<'a> {
    connection: &'a mut PgConnection,
    call: &'a Call<'a>,
    statement_timeout: Duration,
}

impl PgTransaction<'_> {
    fn run<T>(
        &mut self,
        statement: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        let result = statement(self.connection);
        self.call.heard();
        result.map_err(|error| StoreError::from(error).after(start.elapsed(), self.statement_timeout))
    }

    /// Whether a statement runs; nothing remains of one that does not.
    fn runs<T>(
        &mut self,
        statement: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
    ) -> Result<bool, StoreError> {
        match self.run(|connection| connection.transaction(statement)) {
            Ok(_) => Ok(true),
            Err(StoreError::Suspect(_)) => Ok(false),
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
    fn merges(&mut self, table: Table, rows: &[Row<'_>]) -> Result<bool, StoreError> {
        self.runs(|connection| Merge::new(table, rows).execute(connection))
    }

    fn records(&mut self, records: &[Record<'_>]) -> Result<bool, StoreError> {
        self.runs(|connection| Ledger::new(records).execute(connection))
    }

    fn merge_fault(&mut self, table: Table, row: &Row<'_>) -> Result<Option<Fault>, StoreError> {
        diagnosis::diagnose(self.connection, &Merge::new(table, slice::from_ref(row)))
    }

    fn record_fault(&mut self, record: &Record<'_>) -> Result<Option<Fault>, StoreError> {
        diagnosis::diagnose(self.connection, &Ledger::new(slice::from_ref(record)))
    }
}

#[derive(Debug)]
struct Session {
    statement_timeout: Duration,
    vigil: Arc<Vigil>,
}

impl CustomizeConnection<PgConnection, r2d2::Error> for Session {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), r2d2::Error> {
        // Waiting for a lock must end as a statement timeout, which is known not to be a fault in the data. The rest
        // is for the server to end this session when we are gone without its knowing: until then nobody else gets past
        // the rows it has locked.
        let timeout = self.statement_timeout.as_millis();
        let _call = self.vigil.begin();
        connection
            .batch_execute(&format!(
                "SET statement_timeout = {timeout}; SET lock_timeout = 0; \
                 SET idle_in_transaction_session_timeout = {timeout}; \
                 SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
            ))
            .map_err(r2d2::Error::QueryError)
    }
}
