//! The queue between the edge and the worker: RabbitMQ, or a SQLite file on one machine.
//!
//! Opened by URL; nothing outside this module knows which one runs. Delivery is at least once: whoever consumes
//! must recognise a delivery it has seen before.

mod dead_letter;
mod location;
mod metrics;
mod rabbitmq;
mod sqlite;

pub use dead_letter::{Cause, DeadLetter, DeadLetters};
pub use location::{Declare, InvalidQueueUrl, QueueConfig};
pub use metrics::{ConsumerMetrics, PublisherMetrics};

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use location::Location;
use tokio_util::sync::CancellationToken;

use crate::{delivery::Delivery, lifecycle::Check, signature::Verified};

/// The end of the queue that the edge writes to.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Queues a delivery. `Ok` means durable: confirmed by the broker, or fsynced.
    ///
    /// On an error the delivery may be in the queue all the same; the sender tries again, and the worker recognises it.
    async fn publish(&self, delivery: Verified) -> Result<(), PublishError>;

    /// Closes in good order; to be called once nothing is in flight any more. What still is, is refused. A second call does nothing.
    async fn close(&self);
}

/// The end of the queue that a worker reads from.
#[async_trait]
pub trait Consumer: Send {
    /// Waits for deliveries and takes those that are there, until it has `enough`; a few more where they share a message.
    /// Reconnects by itself for as long as it takes. `None` only once the consumer is told to stop, and nothing is left of
    /// what the queue has sent by then.
    ///
    /// Dropping the future loses nothing: what has come is delivered again, at the latest after [`Consumer::close`].
    async fn receive(&mut self, enough: usize) -> Option<Batch>;

    /// Gives back what was taken and not acknowledged, and closes.
    async fn close(&mut self);
}

/// Deliveries that were taken together and are acknowledged together.
#[derive(Debug)]
pub struct Batch {
    /// At least one.
    pub deliveries: Vec<Delivery>,
    /// What acknowledges them.
    pub receipt: Receipt,
}

/// Stands for the deliveries of one batch.
pub struct Receipt(Box<dyn Acknowledge>);

impl Receipt {
    /// Removes the batch from the queue, together with those received before it. If that fails its deliveries come again.
    pub async fn acknowledge(self) -> Result<(), QueueError> {
        self.0.acknowledge().await
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipt")
    }
}

#[async_trait]
trait Acknowledge: Send {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError>;
}

/// Limits of the publishing end.
#[derive(Debug, Clone)]
pub struct PublishLimits {
    /// How long a delivery may take to become durable.
    pub deadline: Duration,
    /// How many deliveries may share one message on RabbitMQ, while others are in flight. 1: each has its own.
    pub message_events: usize,
    /// How many may wait for their turn.
    pub waiting: usize,
}

impl Default for PublishLimits {
    fn default() -> Self {
        // The wait of the last of 4,096 is well within the deadline.
        Self { deadline: Duration::from_secs(5), message_events: 64, waiting: 4096 }
    }
}

/// Why a delivery was not made durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No connection to the queue now.
    #[error("the queue is not available")]
    Unavailable,
    /// The broker takes no messages now (it is short of memory or disk).
    #[error("the queue is blocked by the broker")]
    Blocked,
    /// As many as may wait are waiting.
    #[error("too many deliveries are waiting for the queue")]
    Overloaded,
    /// It took longer than the deadline.
    #[error("the queue did not confirm in time")]
    TimedOut,
    /// The queue said no.
    #[error("the queue refused the delivery: {0}")]
    Refused(String),
}

/// What went wrong at the consuming end.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct QueueError(String);

/// Opens the publishing end. It connects in the background; `check` says how it stands.
pub fn open_publisher(
    config: &QueueConfig,
    limits: PublishLimits,
    metrics: PublisherMetrics,
    check: Check,
) -> Result<Arc<dyn Publisher>, QueueError> {
    Ok(match &config.location {
        Location::RabbitMq(urls) => {
            let (urls, topology) = (urls.clone(), config.topology());
            Arc::new(rabbitmq::RabbitMqPublisher::open(urls, topology, limits, metrics, check))
        }
        Location::Sqlite(path) => Arc::new(sqlite::SqlitePublisher::open(path, limits, metrics, check)?),
    })
}

/// Opens a consuming end of batches of about so many events: a few times as many are held ready. Once `stop` is cancelled
/// it takes no more from the queue.
pub fn open_consumer(
    config: &QueueConfig,
    batch: usize,
    metrics: ConsumerMetrics,
    check: Check,
    stop: CancellationToken,
) -> Result<Box<dyn Consumer>, QueueError> {
    Ok(match &config.location {
        Location::RabbitMq(urls) => {
            let (urls, topology) = (urls.clone(), config.topology());
            Box::new(rabbitmq::RabbitMqConsumer::new(urls, topology, batch, metrics, check, stop))
        }
        Location::Sqlite(path) => Box::new(sqlite::SqliteConsumer::open(path, metrics, check, stop)?),
    })
}

/// Opens the end from which dead letters are taken, one at a time.
pub fn open_dead_letters(
    config: &QueueConfig,
    metrics: ConsumerMetrics,
) -> Result<Box<dyn DeadLetters>, QueueError> {
    Ok(match &config.location {
        Location::RabbitMq(urls) => {
            Box::new(rabbitmq::RabbitMqDeadLetters::new(urls.clone(), config.topology(), metrics))
        }
        Location::Sqlite(path) => Box::new(sqlite::SqliteDeadLetters::open(path)?),
    })
}

/// Keeps the metric of how many messages wait up to date, for as long as it runs.
pub async fn watch_backlog(config: &QueueConfig, metrics: ConsumerMetrics) {
    match &config.location {
        Location::RabbitMq(urls) => rabbitmq::watch_backlog(urls, &config.topology(), &metrics).await,
        Location::Sqlite(path) => sqlite::watch_backlog(path, &metrics).await,
    }
}
