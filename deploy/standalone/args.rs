//! The command line of the all-in-one program.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};
use ingest::EdgeArgs;
use shared::config::{ConfigError, ProcessArgs, QueueArgs, SecretArgs, SigningSecrets};
use worker::{ApplyArgs, DatabaseArgs, operator};

use crate::{data_folder::DataFolder, send::SendArgs};

/// Mirrors your Clerk users, organizations, memberships, roles and sessions into your own database
///
/// Without a command it receives webhooks and applies them in one process. With nothing set it makes a signing secret
/// and keeps everything in SQLite files in the data folder. In production the programs `ingest` and `worker` do
/// the same with RabbitMQ and PostgreSQL between them.
#[derive(Debug, Parser)]
#[command(name = "clerk-mirror", version, max_term_width = 110)]
pub struct StandaloneArgs {
    /// The command, if any.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where to keep the signing secret, the queue and the mirror
    #[arg(long, env = "DATA_DIR", default_value = "clerk-mirror-data", value_name = "FOLDER", global = true)]
    pub data_dir: PathBuf,
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten)]
    edge: EdgeArgs,
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    apply: ApplyArgs,
    /// Where to serve /metrics, /healthz and /readyz
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090", value_name = "ADDRESS")]
    pub admin_listen: SocketAddr,
    /// How the process logs and stops.
    #[command(flatten)]
    pub process: ProcessArgs,
}

/// What the program can do besides running.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send signed synthetic Clerk events, for trying and for load
    Send(SendArgs),
    /// Work with the mirror and the ledger.
    #[command(flatten)]
    Operator(operator::Command),
}

/// Both halves, ready to run.
pub struct Config {
    /// The edge.
    pub ingest: ingest::Config,
    /// The worker.
    pub worker: worker::Config,
    /// The signing secret, if it was made here and is therefore for us to show.
    pub made_secret: Option<String>,
    /// Where things are kept.
    pub folder: DataFolder,
    /// Whether the mirror is the SQLite file in the folder.
    pub database_in_folder: bool,
}

impl StandaloneArgs {
    /// Checks everything that can be checked before a port is bound. Makes the data folder.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        let folder = DataFolder::at(&self.data_dir);
        folder.create()?;
        let (secrets, made_secret) = match self.secrets.resolve()? {
            Some(secrets) => (secrets, None),
            None => {
                let made = folder.secret()?;
                // From its file, so that it is followed like every other.
                (SigningSecrets::from_files(vec![folder.secret_file()])?, Some(made))
            }
        };
        let queue = self.queue.resolve(Some(&folder.queue_url()))?;
        Ok(Config {
            ingest: ingest::Config::new(&self.edge, &self.process, secrets, queue.clone())?,
            worker: self.apply.resolve(queue, &self.database, Some(&folder.database_url()), &self.process)?,
            made_secret,
            database_in_folder: !self.database.is_given(),
            folder,
        })
    }

    /// The database of an operator's command.
    pub fn open_store(&self) -> Result<std::sync::Arc<dyn worker::store::Store>, ConfigError> {
        self.database.open(Some(&DataFolder::at(&self.data_dir).database_url()), 1)
    }
}
