//! Taking dead letters, on a connection of its own.
//!
//! Each is fetched when it is wanted, and none before: what a worker holds when it ends counts as having come back, and what
//! has come back is not parsed any more.

mod letter;

use std::time::Duration;

use async_trait::async_trait;
use lapin::{
    message::BasicGetMessage,
    options::{BasicAckOptions, BasicGetOptions},
};
use tokio::time::timeout;

use self::letter::Letter;
use super::{BrokerUrl, Connected, Topology, explain};
use crate::queue::{
    ConsumerMetrics, DeadLetter, DeadLetters, QueueError, Receipt, ReceiptKind,
    metrics::{ConsumerLoss, Source},
};

const GET_TIMEOUT: Duration = Duration::from_secs(10);
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(10);

/// Takes letters from the dead-letter queue.
pub struct RabbitMqDeadLetters {
    urls: Vec<BrokerUrl>,
    next_url: usize,
    topology: Topology,
    metrics: ConsumerMetrics,
    connected: Option<Connected>,
    /// Counts connections: tags of one mean nothing to the next.
    sessions: u64,
}

impl RabbitMqDeadLetters {
    /// Connects with the first [`DeadLetters::take`].
    pub(in crate::queue) fn new(urls: Vec<BrokerUrl>, topology: Topology, metrics: ConsumerMetrics) -> Self {
        Self { urls, next_url: 0, topology, metrics, connected: None, sessions: 0 }
    }

    async fn connected(&mut self) -> Result<&Connected, QueueError> {
        let connected = match self.connected.take() {
            Some(connected) => connected,
            None => self.connect().await?,
        };
        Ok(self.connected.insert(connected))
    }

    async fn connect(&mut self) -> Result<Connected, QueueError> {
        let url = self.urls[self.next_url % self.urls.len()].frugal();
        self.next_url = self.next_url.wrapping_add(1);
        let connected = Connected::open(&url, &self.topology, "clerk-mirror worker (dead letters)").await;
        self.metrics.connect(Source::DeadLetters, connected.is_ok());
        self.sessions += u64::from(connected.is_ok());
        connected
    }

    async fn get(&mut self) -> Result<Option<BasicGetMessage>, QueueError> {
        let queue = self.topology.dead.as_str().into();
        let connected = self.connected().await?;
        let got = connected.channel.basic_get(queue, BasicGetOptions { no_ack: false });
        let failure = match timeout(GET_TIMEOUT, got).await {
            Ok(Ok(message)) => return Ok(message),
            Ok(Err(error)) => explain(&error),
            Err(_) => format!("no answer within {GET_TIMEOUT:?}"),
        };
        self.lost(ConsumerLoss::Closed, failure).await
    }

    async fn lost<T>(&mut self, kind: ConsumerLoss, reason: String) -> Result<T, QueueError> {
        self.metrics.lost(Source::DeadLetters, kind);
        self.close().await;
        Err(QueueError(reason))
    }
}

#[async_trait]
impl DeadLetters for RabbitMqDeadLetters {
    async fn take(&mut self) -> Result<Option<DeadLetter>, QueueError> {
        let Some(message) = self.get().await? else { return Ok(None) };
        let receipt = ReceiptKind::RabbitMq { session: self.sessions, last_tag: message.delivery_tag };
        let Letter { deliveries, cause, parse, defect } = Letter::read(message.delivery);
        Ok(Some(DeadLetter { deliveries, cause, parse, defect, receipt: Receipt(receipt) }))
    }

    async fn acknowledge(&mut self, receipt: Receipt) -> Result<(), QueueError> {
        let ReceiptKind::RabbitMq { session, last_tag } = receipt.0 else {
            return Err(QueueError("the receipt is of another queue".into()));
        };
        let Some(connected) = self.connected.as_ref().filter(|_| session == self.sessions) else {
            return Err(QueueError("the connection that delivered the dead letter is gone".into()));
        };
        let acknowledged = connected.channel.basic_ack(last_tag, BasicAckOptions::default());
        let failure = match timeout(ACKNOWLEDGE_TIMEOUT, acknowledged).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => explain(&error),
            Err(_) => format!("no acknowledgement went out within {ACKNOWLEDGE_TIMEOUT:?}"),
        };
        self.lost(ConsumerLoss::NotAcknowledged, failure).await
    }

    async fn close(&mut self) {
        if let Some(connected) = self.connected.take() {
            connected.close().await;
        }
    }
}
