//! Connections: made when they are needed, replaced when they are lost, given up when they are silent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{self, ConnectionManager, CustomizeConnection, NopErrorHandler, Pool, PooledConnection};

use super::vigil::{Call, Vigil};
use crate::store::StoreOptions;
use crate::store::error::StoreError;

/// While connecting fails, the pool tries again at least this often twice over.
const RECONNECT: Duration = Duration::from_secs(1);

/// The server itself ends a statement after its timeout; that answer has so long to get here.
const GRACE: Duration = Duration::from_secs(5);

type Manager = ConnectionManager<PgConnection>;
pub(super) type Pooled = PooledConnection<Manager>;

/// The connections to one database.
pub(super) struct Connections {
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

impl Connections {
    /// Connects on first use.
    pub(super) fn new(url: String, options: &StoreOptions) -> Self {
        let vigil = Arc::default();
        Self {
            pool: RwLock::new(pool(&url, options, &vigil)),
            url,
            options: options.clone(),
            vigil,
            losses: AtomicU64::new(0),
        }
    }

    /// A connection; one that another was lost after is tested first, so that the restart of a server costs one failed
    /// batch and not one for each connection.
    pub(super) fn get(&self) -> Result<Pooled, StoreError> {
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
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut PgConnection, &Call<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.get()?;
        let call = self.vigil.begin();
        let result = work(&mut connection, &call);
        if result.as_ref().is_err_and(StoreError::lost_connection) {
            self.losses.fetch_add(1, Ordering::Relaxed);
            discard(&mut connection);
        }
        result
    }

    /// Gives up all connections if an answer is overdue on one; whether that is so.
    pub(super) fn give_up_silent(&self) -> bool {
        let given_up = self.vigil.give_up(self.options.statement_timeout + GRACE);
        if given_up {
            // Those in use go with the calls that use them, should these ever end.
            *self.pool.write().unwrap_or_else(PoisonError::into_inner) =
                pool(&self.url, &self.options, &self.vigil);
        }
        given_up
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
