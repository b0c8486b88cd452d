//! The worker's configuration.

use std::{
    net::SocketAddr,
    num::{NonZeroU16, NonZeroU32},
    ops::RangeInclusive,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::{Args, Parser};
use shared::{
    config::{ConfigError, ProcessArgs, QueueArgs, SecretArgs, SigningSecrets, value_or_file},
    queue::QueueConfig,
};

use crate::{
    event::Policy,
    operator::Command,
    store::{self, Store, StoreOptions},
    upkeep::{Keeping, Retention},
};

/// Connections beside those of the lanes: one for migrations and for probing the database, one for upkeep, one for dead letters.
const SPARE_CONNECTIONS: u32 = 3;
const STATEMENT_TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_hours(24);

/// Applies Clerk's events from the queue to the mirror, and accounts for each in the ledger
///
/// Without a command it runs until it is stopped. Start as many as you like on one queue.
#[derive(Debug, Parser)]
#[command(name = "worker", version, max_term_width = 110)]
pub struct WorkerArgs {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    apply: ApplyArgs,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Where to serve /metrics, /healthz and /readyz
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9091", value_name = "ADDRESS")]
    pub(crate) admin_listen: SocketAddr,
    #[command(flatten)]
    pub(crate) process: ProcessArgs,
}

/// Where the mirror and the ledger are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseArgs {
    /// The database: `postgres://USER:PASSWORD@HOST:PORT/NAME` or `sqlite:PATH`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    database_url: Option<String>,
    /// A file that holds the database's URL
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", global = true)]
    database_url_file: Option<PathBuf>,
    /// How long PostgreSQL may take over one statement before it is cancelled and tried again later
    #[arg(long, env = "STATEMENT_TIMEOUT", default_value = "30s", value_name = "TIME", value_parser = statement_timeout, global = true)]
    statement_timeout: Duration,
}

/// Zero would mean for PostgreSQL that there is none.
fn statement_timeout(text: &str) -> Result<Duration, String> {
    let timeout = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if STATEMENT_TIMEOUTS.contains(&timeout) { Ok(timeout) } else { Err("between 100ms and 1day".to_owned()) }
}

impl DatabaseArgs {
    /// Whether these flags name a database.
    pub fn is_given(&self) -> bool {
        self.database_url.is_some() || self.database_url_file.is_some()
    }

    /// The database these flags name, or `default` where they name none, with room for `lanes` at once.
    pub fn open(&self, default: Option<&str>, lanes: u32) -> Result<Arc<dyn Store>, ConfigError> {
        let given =
            value_or_file("DATABASE_URL", self.database_url.as_deref(), self.database_url_file.as_deref())?;
        let url = given.as_deref().or(default).ok_or_else(|| {
            ConfigError::new(
                "no database: set DATABASE_URL to postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:PATH",
            )
        })?;
        let connections = NonZeroU32::MIN.saturating_add(lanes + SPARE_CONNECTIONS - 1);
        let options = StoreOptions {
            connections,
            statement_timeout: self.statement_timeout,
            ..StoreOptions::default()
        };
        store::open(url, &options).map_err(|error| ConfigError(format!("DATABASE_URL: {error}")))
    }
}

/// How events are applied; the all-in-one process has these too.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Applying")]
pub struct ApplyArgs {
    /// How many batches are applied side by side, each on a connection of its own and about objects of its own
    #[arg(long, env = "LANES", default_value = "2", value_name = "NUMBER")]
    lanes: NonZeroU16,
    /// The most events in one transaction
    #[arg(long, env = "BATCH", default_value = "500", value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=5000))]
    batch: u16,
    /// The least time from one batch to the next while they are not full, so that events that come soon after each
    /// other share a transaction; a lone event is applied at once
    #[arg(long, env = "LINGER", default_value = "5ms", value_name = "TIME", value_parser = humantime::parse_duration)]
    linger: Duration,
    /// Mirror only this Clerk instance's events, and record those of others as `ignored`
    #[arg(long, env = "CLERK_INSTANCE_ID", value_name = "ID")]
    clerk_instance_id: Option<String>,
    /// Migrate the database at start, or leave that to `worker migrate`
    #[arg(long, env = "MIGRATE", value_enum, default_value_t, value_name = "WHEN")]
    migrate: Migrate,
    /// How long the ledger keeps an event, at least `2d`; `never` drops nothing
    #[arg(long, env = "RETENTION", default_value = "90d", value_name = "TIME")]
    retention: Retention,
    /// How long after their deletion people are erased by themselves; never without it
    #[arg(long, env = "ERASE_AFTER_DELETE", visible_alias = "after-delete", value_name = "TIME", value_parser = humantime::parse_duration)]
    erase_after_delete: Option<Duration>,
}

/// When the schema is brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Migrate {
    /// Whenever a worker starts.
    #[default]
    Start,
    /// Only by the command.
    Never,
}

impl WorkerArgs {
    /// Checks everything that can be checked before a port is bound.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        let mut config =
            self.apply.resolve(self.queue.resolve(None)?, &self.database, None, &self.process)?;
        config.secrets = self.secrets.resolve()?;
        config.policy.verifier = config.secrets.as_ref().map(|secrets| secrets.verifier().clone());
        Ok(config)
    }

    /// The database of an operator's command.
    pub(crate) fn open_store(&self) -> Result<Arc<dyn Store>, ConfigError> {
        self.database.open(None, 1)
    }
}

impl ApplyArgs {
    /// The configuration these flags describe.
    pub fn resolve(
        &self,
        queue: QueueConfig,
        database: &DatabaseArgs,
        default_database: Option<&str>,
        process: &ProcessArgs,
    ) -> Result<Config, ConfigError> {
        Ok(Config {
            queue,
            store: database.open(default_database, self.lanes.get().into())?,
            lanes: self.lanes.get(),
            batch: self.batch,
            linger: self.linger,
            drain: process.shutdown_timeout / 2,
            policy: Policy { instance_id: self.clerk_instance_id.clone(), verifier: None },
            secrets: None,
            migrate: self.migrate,
            keeping: Keeping { retention: self.retention, erase_after_delete: self.erase_after_delete },
        })
    }
}

/// What the worker runs with.
#[derive(Clone)]
pub struct Config {
    /// Where events come from.
    pub queue: QueueConfig,
    /// Where they go.
    pub store: Arc<dyn Store>,
    /// How many batches are applied side by side.
    pub lanes: u16,
    /// The most events in one transaction.
    pub batch: u16,
    /// The least time from one batch to the next that is not full.
    pub linger: Duration,
    /// How long, once the process stops, what the queue has sent already is still applied.
    pub drain: Duration,
    /// What is accepted.
    pub policy: Policy,
    /// The secrets of the policy's verifier, and where they can be read again.
    pub secrets: Option<SigningSecrets>,
    /// When the schema is brought up to date.
    pub migrate: Migrate,
    /// What is kept, and for how long.
    pub keeping: Keeping,
}
