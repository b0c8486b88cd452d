//! Consuming in batches, on a connection and channel of its own.

mod split;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt};
use lapin::{
    Channel,
    message::Delivery as Message,
    options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::{DeliveryTag, FieldTable},
};
use tokio::time::timeout;

use self::split::split;
use super::{BrokerUrl, Connected, Topology, explain, message};
use crate::{
    delivery::Delivery,
    lifecycle::{Backoff, Check},
    queue::{Acknowledge, Batch, Consumer, QueueError, Receipt},
};

const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(10);
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);
/// As much of bodies is enough for one batch, however few they are.
const ENOUGH_BYTES: usize = 8 << 20;
/// A message that came back so often may be one that kills workers. Far below the broker's own limit.
const SUSPECT_AFTER: i64 = 3;
/// What dies together counts together: so suspects are held alone, and only the one that kills workers reaches the broker's limit.
const CAREFUL_PREFETCH: u16 = 1;

/// Takes batches from the inbox.
pub struct RabbitMqConsumer {
    urls: Vec<BrokerUrl>,
    next_url: usize,
    topology: Topology,
    prefetch: u16,
    check: Check,
    backoff: Backoff,
    /// Whether suspects are coming.
    careful: bool,
    /// Whether no more is to be taken from the queue.
    cancelled: bool,
    subscription: Option<Subscription>,
}

struct Subscription {
    url: BrokerUrl,
    careful: bool,
    connected: Connected,
    messages: lapin::Consumer,
}

impl RabbitMqConsumer {
    /// A consumer that connects with the first [`Consumer::receive`].
    pub(in crate::queue) fn new(
        urls: Vec<BrokerUrl>,
        topology: Topology,
        prefetch: u16,
        check: Check,
    ) -> Self {
        Self {
            urls,
            next_url: 0,
            topology,
            prefetch,
            check,
            backoff: Backoff::reconnect(),
            careful: false,
            cancelled: false,
            subscription: None,
        }
    }

    /// What to take messages from; nothing once the consumer is cancelled and that has come to its end.
    async fn subscribed(&mut self) -> Option<&mut Subscription> {
        let subscription = match self.subscription.take() {
            Some(subscription) if subscription.careful == self.careful => subscription,
            Some(other) => {
                // Gives back what it holds.
                other.connected.close().await;
                self.connect().await?
            }
            None => self.connect().await?,
        };
        Some(self.subscription.insert(subscription))
    }

    /// Connects, however long it takes, unless the consumer is cancelled.
    async fn connect(&mut self) -> Option<Subscription> {
        while !self.cancelled {
            let url = self.urls[self.next_url % self.urls.len()].clone();
            self.next_url = self.next_url.wrapping_add(1);
            match open(&url, &self.topology, self.prefetch, self.careful).await {
                Ok(subscription) => {
                    self.backoff.reset();
                    self.check.pass();
                    return Some(subscription);
                }
                Err(error) => {
                    tracing::warn!(error = %error, "cannot connect for consuming");
                    self.check.fail(error.to_string());
                    tokio::time::sleep(self.backoff.next_delay()).await;
                }
            }
        }
        None
    }

    async fn lost(&mut self, reason: String) {
        tracing::warn!(reason, "connection for consuming lost");
        self.check.fail(reason);
        if let Some(subscription) = self.subscription.take() {
            subscription.connected.close().await;
        }
        tokio::time::sleep(self.backoff.next_delay()).await;
    }
}

#[async_trait]
impl Consumer for RabbitMqConsumer {
    async fn receive(&mut self, enough: usize) -> Option<Batch> {
        loop {
            let first = match self.subscribed().await?.messages.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    self.lost(explain(&error)).await;
                    continue;
                }
                None if self.cancelled => return None,
                None => {
                    self.lost("the broker cancelled the consumer".into()).await;
                    continue;
                }
            };
            let Some(subscription) = &mut self.subscription else { continue };
            self.careful = is_suspect(&first);
            if self.careful && !subscription.careful {
                tracing::warn!("messages came back again and again, taking them one by one");
                continue;
            }
            let mut last_tag = first.delivery_tag;
            let mut deliveries = subscription.unpack(first, &self.topology).await;
            let mut bytes = size(&deliveries);
            while deliveries.len() < enough && bytes < ENOUGH_BYTES && !subscription.careful {
                // An error here is seen again by the next call, after this batch.
                let Some(Some(Ok(next))) = subscription.messages.next().now_or_never() else { break };
                if is_suspect(&next) {
                    self.careful = true;
                    break;
                }
                last_tag = next.delivery_tag;
                let next = message::deliveries(next);
                bytes += size(&next);
                deliveries.extend(next);
            }
            if !deliveries.is_empty() {
                let channel = subscription.connected.channel.clone();
                let receipt = Receipt(Box::new(Taken { channel, last_tag }));
                return Some(Batch { deliveries, receipt });
            }
        }
    }

    async fn cancel(&mut self) {
        self.cancelled = true;
        let Some(Subscription { connected, messages, .. }) = &self.subscription else { return };
        let cancelled = connected.channel.basic_cancel(messages.tag(), BasicCancelOptions::default());
        if !matches!(timeout(CANCEL_TIMEOUT, cancelled).await, Ok(Ok(()))) {
            self.close().await;
        }
    }

    async fn close(&mut self) {
        if let Some(subscription) = self.subscription.take() {
            subscription.connected.close().await;
        }
    }
}

/// Everything up to a message of one session. Its tag means nothing to another session, and to a channel that is gone
/// nothing can be said.
struct Taken {
    channel: Channel,
    last_tag: DeliveryTag,
}

#[async_trait]
impl Acknowledge for Taken {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
        let options = BasicAckOptions { multiple: true };
        match timeout(ACKNOWLEDGE_TIMEOUT, self.channel.basic_ack(self.last_tag, options)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(QueueError(explain(&error))),
            Err(_) => Err(QueueError(format!("no acknowledgement went out within {ACKNOWLEDGE_TIMEOUT:?}"))),
        }
    }
}

impl Subscription {
    /// The deliveries of a message; none if they have got messages of their own instead.
    async fn unpack(&self, message: Message, topology: &Topology) -> Vec<Delivery> {
        let parts = self.careful && message::is_group(&message);
        let tag = message.delivery_tag;
        let deliveries = message::deliveries(message);
        if !parts || deliveries.len() == 1 {
            return deliveries;
        }
        if let Err(error) = split(&self.url, topology, &deliveries).await {
            tracing::warn!(%error, "cannot split a message, taking it as it is");
            return deliveries;
        }
        let acknowledged = self.connected.channel.basic_ack(tag, BasicAckOptions::default());
        // If this fails, the session has: the message comes again, and its deliveries are recognised.
        let _ = timeout(ACKNOWLEDGE_TIMEOUT, acknowledged).await;
        Vec::new()
    }
}

fn size(deliveries: &[Delivery]) -> usize {
    deliveries.iter().map(|delivery| delivery.body.len()).sum()
}

fn is_suspect(message: &Message) -> bool {
    message::delivered_before(message) >= SUSPECT_AFTER
}

async fn open(
    url: &BrokerUrl,
    topology: &Topology,
    prefetch: u16,
    careful: bool,
) -> Result<Subscription, QueueError> {
    let prefetch = if careful { CAREFUL_PREFETCH } else { prefetch };
    let connected = Connected::open(url, topology, "clerk-mirror worker").await?;
    let channel = &connected.channel;
    let subscribed = async {
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        channel.basic_consume(topology.inbox.as_str().into(), "".into(), options, FieldTable::default()).await
    };
    match timeout(SUBSCRIBE_TIMEOUT, subscribed).await {
        Ok(Ok(messages)) => Ok(Subscription { url: url.clone(), careful, connected, messages }),
        Ok(Err(error)) => Err(QueueError(format!("{url}: {}", explain(&error)))),
        Err(_) => Err(QueueError(format!("{url}: no answer within {SUBSCRIBE_TIMEOUT:?}"))),
    }
}
