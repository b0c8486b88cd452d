//! Flags that several commands share.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{ConfigError, SigningSecrets, value_or_file};
use crate::{
    queue::{Declare, QueueConfig},
    telemetry::{LogFormat, init_logs},
};

/// Where the queue is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Queue")]
pub struct QueueArgs {
    /// The queue: `amqp://USER:PASSWORD@HOST:PORT/VHOST` (several for a cluster, comma-separated) or `sqlite:PATH`
    #[arg(long, env = "QUEUE_URL", hide_env_values = true, value_name = "URL")]
    pub queue_url: Option<String>,
    /// A file that holds the queue's URL
    #[arg(long, env = "QUEUE_URL_FILE", value_name = "FILE")]
    pub queue_url_file: Option<PathBuf>,
    /// What the names of the queues begin with on RabbitMQ
    #[arg(long, env = "QUEUE_NAMESPACE", default_value = "clerk", value_name = "NAME")]
    pub queue_namespace: String,
    /// Create the queues on RabbitMQ, or only check that they exist
    #[arg(long, env = "DECLARE", value_enum, default_value_t, value_name = "HOW")]
    pub declare: Declare,
}

impl QueueArgs {
    /// The queue these flags name, or `default` where they name none.
    pub fn resolve(&self, default: Option<&str>) -> Result<QueueConfig, ConfigError> {
        let given = value_or_file("QUEUE_URL", self.queue_url.as_deref(), self.queue_url_file.as_deref())?;
        let url = given.as_deref().or(default).ok_or_else(|| {
            ConfigError::new("no queue: set QUEUE_URL to amqp://USER:PASSWORD@HOST:PORT/VHOST or sqlite:PATH")
        })?;
        QueueConfig::new(url, &self.queue_namespace, self.declare)
            .map_err(|error| ConfigError(format!("QUEUE_URL: {error}")))
    }
}

/// The endpoint's signing secrets.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Signature")]
pub struct SecretArgs {
    /// The endpoint's signing secret, `whsec_…`; several, comma-separated, while one is rotated. The worker needs
    /// none; given one, it checks every signature again
    #[arg(long, env = "CLERK_WEBHOOK_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub secret: Option<String>,
    /// The same under the name Clerk's own libraries read
    #[arg(
        long,
        env = "CLERK_WEBHOOK_SIGNING_SECRET",
        hide_env_values = true,
        hide = true,
        value_name = "SECRET"
    )]
    pub signing_secret: Option<String>,
    /// A file that holds the signing secret, or several by line or comma (`#` begins a comment line); several files,
    /// comma-separated. Read again on SIGHUP and when it has changed, without a restart
    #[arg(long, env = "CLERK_WEBHOOK_SECRET_FILE", value_delimiter = ',', value_name = "FILE")]
    pub secret_file: Vec<PathBuf>,
}

impl SecretArgs {
    /// The secrets these flags give; `None` if they give none.
    pub fn resolve(&self) -> Result<Option<SigningSecrets>, ConfigError> {
        match (self.secret.as_deref().or(self.signing_secret.as_deref()), &*self.secret_file) {
            (Some(_), [_, ..]) => Err(ConfigError::new(
                "CLERK_WEBHOOK_SECRET and CLERK_WEBHOOK_SECRET_FILE are both set; set one",
            )),
            (Some(text), []) => SigningSecrets::from_value(text).map(Some),
            (None, []) => Ok(None),
            (None, paths) => SigningSecrets::from_files(paths.to_vec()).map(Some),
        }
    }
}

/// How the process logs and stops.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Process")]
pub struct ProcessArgs {
    // actix_http logs nothing but what strangers send, and calls each of it an error.
    /// What to log: a level, or `level,module=level,…`
    #[arg(
        long,
        env = "LOG",
        default_value = "info,actix_server=warn,actix_http=off",
        value_name = "FILTER",
        global = true
    )]
    pub log: String,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT", global = true)]
    pub log_format: LogFormat,
    /// How long a shutdown may take; a second signal ends it at once
    #[arg(long, env = "SHUTDOWN_TIMEOUT", default_value = "25s", value_parser = humantime::parse_duration, value_name = "TIME")]
    pub shutdown_timeout: Duration,
}

impl ProcessArgs {
    /// Starts logging.
    pub fn init_logs(&self) -> Result<(), ConfigError> {
        init_logs(self.log_format, &self.log).map_err(ConfigError)
    }
}
