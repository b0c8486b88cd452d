//! Taking dead letters, on a connection of its own.
//!
//! Each is fetched when it is wanted, and none before: what a worker holds when it ends counts as having come back, and what
//! has come back is not parsed any more.

mod letter;

use std::time::Duration;

use async_trait::async_trait;
use lapin::{message::BasicGetMessage, options::BasicGetOptions};
use tokio::time::timeout;

use self::letter::Letter;
use super::{
    BrokerUrl, Connected, Topology, explain,
    receipt::{Acknowledgements, Tags, Taken},
};
use crate::queue::{
    ConsumerMetrics, DeadLetter, DeadLetters, QueueError,
    metrics::{ConsumerLoss, Source},
};

const GET_TIMEOUT: Duration = Duration::from_secs(10);

/// Takes letters from the dead-letter queue.
pub struct RabbitMqDeadLetters {
    urls: Vec<BrokerUrl>,
    next_url: usize,
    topology: Topology,
    metrics: ConsumerMetrics,
    connected: Option<Connected>,
    /// Whether the next connection is one for little. A letter's headers have to fit into one frame, whatever somebody put into
    /// them.
    frugal: bool,
}

impl RabbitMqDeadLetters {
    /// Connects with the first [`DeadLetters::take`].
    pub(in crate::queue) fn new(urls: Vec<BrokerUrl>, topology: Topology, metrics: ConsumerMetrics) -> Self {
        Self { urls, next_url: 0, topology, metrics, connected: None, frugal: true }
    }

    async fn connected(&mut self) -> Result<&Connected, QueueError> {
        let connected = match self.connected.take() {
            Some(connected) => connected,
            None => self.connect().await?,
        };
        Ok(self.connected.insert(connected))
    }

    async fn connect(&mut self) -> Result<Connected, QueueError> {
        let url = &self.urls[self.next_url % self.urls.len()];
        let url = if self.frugal { url.frugal() } else { url.clone() };
        self.next_url = self.next_url.wrapping_add(1);
        let connected = Connected::open(&url, &self.topology, "clerk-mirror worker (dead letters)").await;
        self.metrics.connect(Source::DeadLetters, connected.is_ok());
        connected
    }

    async fn get(&mut self) -> Result<Option<BasicGetMessage>, QueueError> {
        let queue = self.topology.dead.as_str().into();
        let connected = self.connected().await?;
        let got = connected.channel.basic_get(queue, BasicGetOptions { no_ack: false });
        let failure = match timeout(GET_TIMEOUT, got).await {
            Ok(Ok(message)) => {
                self.frugal = true;
                return Ok(message);
            }
            Ok(Err(error)) => explain(&error),
            Err(_) => format!("no answer within {GET_TIMEOUT:?}"),
        };
        self.frugal = false;
        self.metrics.lost(Source::DeadLetters, ConsumerLoss::Closed);
        self.close().await;
        Err(QueueError(failure))
    }
}

#[async_trait]
impl DeadLetters for RabbitMqDeadLetters {
    async fn take(&mut self) -> Result<Option<DeadLetter>, QueueError> {
        let Some(message) = self.get().await? else { return Ok(None) };
        let acknowledgements = Acknowledgements::new(self.connected().await?.channel.clone());
        let tags = Tags::UpTo(message.delivery_tag);
        let receipt = Taken { tags, acknowledgements, in_hand: None }.into();
        let Letter { deliveries, cause, parse, defect } = Letter::read(message.delivery);
        Ok(Some(DeadLetter { deliveries, cause, parse, defect, receipt }))
    }

    async fn close(&mut self) {
        if let Some(connected) = self.connected.take() {
            connected.close().await;
        }
    }
}
