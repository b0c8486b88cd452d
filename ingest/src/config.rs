//! The edge's configuration.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser};
use shared::{
    config::{ConfigError, ProcessArgs, QueueArgs, SecretArgs, SigningSecrets},
    queue::{PublishLimits, QueueConfig},
};

use crate::{
    endpoint::{AllowedSources, BodyLimits, Networks},
    server::{Certificate, ServerLimits},
};

/// Receives Clerk's webhooks: verifies each signature, queues the event, and answers 2xx once it is durable
#[derive(Debug, Parser)]
#[command(name = "ingest", version, max_term_width = 110)]
pub struct IngestArgs {
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    edge: EdgeArgs,
    /// Where to serve /metrics, /healthz and /readyz
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090", value_name = "ADDRESS")]
    pub admin_listen: SocketAddr,
    /// How the process logs and stops.
    #[command(flatten)]
    pub process: ProcessArgs,
}

/// Flags of the HTTP edge that the all-in-one process has too.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Edge")]
pub struct EdgeArgs {
    /// Where to receive webhooks
    #[arg(long, env = "LISTEN", default_value = "0.0.0.0:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// The largest request body, in bytes (Svix sends up to about 350 kB)
    #[arg(long, env = "BODY_LIMIT", default_value_t = 1024 * 1024, value_name = "BYTES",
          value_parser = clap::value_parser!(u32).range(1024..=8 * 1024 * 1024))]
    pub body_limit: u32,
    /// The most bytes of bodies held at once; past it the answer is 503 (at least BODY_LIMIT)
    #[arg(long, env = "BODY_MEMORY", default_value_t = 16 * 1024 * 1024, value_name = "BYTES")]
    pub body_memory: u32,
    /// The most connections open at once; further ones wait until others close
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 16384, value_name = "COUNT",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// How long the head of a request, and then its body, may take to arrive
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "5s", value_parser = humantime::parse_duration, value_name = "TIME")]
    pub request_timeout: Duration,
    /// How long an event may take to become durable before the answer is 503 (Svix gives up after 15 s)
    #[arg(long, env = "PUBLISH_TIMEOUT", default_value = "5s", value_parser = humantime::parse_duration, value_name = "TIME")]
    pub publish_timeout: Duration,
    /// How many events may share one message on RabbitMQ while others are being confirmed; 1: each has its own
    #[arg(long, env = "MESSAGE_EVENTS", default_value_t = 64, value_name = "NUMBER",
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub message_events: u16,
    /// Who may send: addresses and networks such as `192.0.2.7,198.51.100.0/24,2001:db8::/32`; anybody without it
    #[arg(long, env = "ALLOW_FROM", value_name = "NETWORKS")]
    allow_from: Option<Networks>,
    /// The proxies whose X-Forwarded-For is believed, for ALLOW_FROM: addresses and networks
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETWORKS")]
    trusted_proxies: Option<Networks>,
    /// The certificate chain, in PEM, with which to receive webhooks over TLS. Taken up again when it changes
    #[arg(long, env = "TLS_CERT_FILE", value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,
    /// The private key of TLS_CERT_FILE, in PEM
    #[arg(long, env = "TLS_KEY_FILE", value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,
    /// How long to go on receiving once asked to stop, so that load balancers notice first; part of `SHUTDOWN_TIMEOUT`
    #[arg(long, env = "DRAIN_DELAY", default_value = "0s", value_parser = humantime::parse_duration, value_name = "TIME")]
    pub drain_delay: Duration,
}

impl EdgeArgs {
    fn sources(&self) -> Result<Option<AllowedSources>, ConfigError> {
        match (self.allow_from.clone(), self.trusted_proxies.clone()) {
            (Some(allowed), proxies) => Ok(Some(AllowedSources { allowed, proxies })),
            (None, None) => Ok(None),
            // Whoever sets it believes that a list is in force.
            (None, Some(_)) => {
                Err(ConfigError::new("TRUSTED_PROXIES is set without ALLOW_FROM, which it is for"))
            }
        }
    }

    fn tls(&self) -> Result<Option<Certificate>, ConfigError> {
        match (&self.tls_cert_file, &self.tls_key_file) {
            (Some(certificate), Some(key)) => {
                Certificate::read(certificate, key).map(Some).map_err(ConfigError)
            }
            (None, None) => Ok(None),
            _ => Err(ConfigError::new("TLS_CERT_FILE and TLS_KEY_FILE belong together; set both or neither")),
        }
    }
}

impl IngestArgs {
    /// Checks everything that can be checked before a port is bound.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        let secrets = self.secrets.resolve()?.ok_or_else(|| {
            ConfigError::new(
                "no signing secret: set CLERK_WEBHOOK_SECRET to the endpoint's whsec_… from Clerk's dashboard",
            )
        })?;
        Config::new(&self.edge, &self.process, secrets, self.queue.resolve(None)?)
    }
}

/// What is kept of a shutdown's time for closing the queue.
const TIME_TO_CLOSE: Duration = Duration::from_secs(2);

/// What the edge runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to receive webhooks.
    pub listen: SocketAddr,
    /// Who is believed.
    pub secrets: SigningSecrets,
    /// Where events go.
    pub queue: QueueConfig,
    /// How long a shutdown may take.
    pub shutdown_timeout: Duration,
    pub(crate) sources: Option<AllowedSources>,
    pub(crate) certificate: Option<Certificate>,
    /// How much of it is spent on going on as before, but for `Connection: close` in every answer.
    pub(crate) drain_delay: Duration,
    pub(crate) body: BodyLimits,
    pub(crate) body_memory: u32,
    pub(crate) connections: u32,
    pub(crate) head_timeout: Duration,
    pub(crate) publish: PublishLimits,
}

impl Config {
    /// The configuration these flags describe.
    pub fn new(
        args: &EdgeArgs,
        process: &ProcessArgs,
        secrets: SigningSecrets,
        queue: QueueConfig,
    ) -> Result<Self, ConfigError> {
        if args.body_memory < args.body_limit {
            return Err(ConfigError::new(
                "BODY_MEMORY is less than BODY_LIMIT, so that no body of that size could be held",
            ));
        }
        if args.drain_delay >= process.shutdown_timeout {
            return Err(ConfigError(format!(
                "DRAIN_DELAY ({:?}) must be less than SHUTDOWN_TIMEOUT ({:?}), which it is part of",
                args.drain_delay, process.shutdown_timeout
            )));
        }
        Ok(Self {
            listen: args.listen,
            secrets,
            queue,
            shutdown_timeout: process.shutdown_timeout,
            sources: args.sources()?,
            certificate: args.tls()?,
            drain_delay: args.drain_delay,
            body: BodyLimits { bytes: args.body_limit as usize, time: args.request_timeout },
            body_memory: args.body_memory,
            connections: args.max_connections,
            head_timeout: args.request_timeout,
            publish: PublishLimits {
                deadline: args.publish_timeout,
                message_events: args.message_events.into(),
                ..PublishLimits::default()
            },
        })
    }

    pub(crate) fn server_limits(&self) -> ServerLimits {
        ServerLimits {
            head_timeout: self.head_timeout,
            exchange: self.head_timeout + self.body.time + self.publish.deadline,
            connections: self.connections,
            // Never reached: the time to finish is measured by us, to less than a second.
            shutdown: self.shutdown_timeout + Duration::from_secs(1),
        }
    }

    /// How long requests have to be finished in a shutdown, once nothing new is received.
    pub(crate) fn time_to_finish(&self) -> Duration {
        let left = self.shutdown_timeout.saturating_sub(self.drain_delay);
        left.saturating_sub(TIME_TO_CLOSE).max(left / 2)
    }
}
