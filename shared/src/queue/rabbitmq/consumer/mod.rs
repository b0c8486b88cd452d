//! Consuming in batches, on a connection and channel of its own.

mod split;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt};
use lapin::{
    message::Delivery as Message,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use self::split::split;
use super::{BrokerUrl, Connected, Topology, explain, message};
use crate::{
    delivery::Delivery,
    lifecycle::{Backoff, Check},
    queue::{
        Batch, Consumer, ConsumerMetrics, QueueError, Receipt, ReceiptKind,
        metrics::{ConsumerLoss, Source},
    },
};

const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(10);
/// A message that came back so often may be one that kills workers. Far below the broker's own limit.
const SUSPECT_AFTER: i64 = 3;
/// What dies together counts together: so suspects are held alone, and only the one that kills workers reaches the broker's limit.
const CAREFUL_PREFETCH: u16 = 1;
/// Alone in the whole process: one of its consumers is careful at a time. They all begin so if there is anything in the inbox, so
/// that none of them holds anything before it is known what stands first there.
static CAREFUL: Semaphore = Semaphore::const_new(1);
/// With nothing to take for so long, there is nothing to be careful about.
const CAREFUL_FOR: Duration = Duration::from_secs(1);

/// Takes batches from the inbox.
pub struct RabbitMqConsumer {
    urls: Vec<BrokerUrl>,
    next_url: usize,
    topology: Topology,
    prefetch: u16,
    metrics: ConsumerMetrics,
    check: Check,
    backoff: Backoff,
    /// Whether suspects may be coming.
    careful: bool,
    subscription: Option<Subscription>,
    /// Counts sessions: tags of one mean nothing to the next.
    sessions: u64,
}

struct Subscription {
    url: BrokerUrl,
    /// Held where it is careful.
    careful: Option<SemaphorePermit<'static>>,
    connected: Connected,
    messages: lapin::Consumer,
    /// The last message that was handed out, until it is acknowledged.
    in_hand: Option<u64>,
}

impl RabbitMqConsumer {
    /// A consumer that connects with the first [`Consumer::receive`].
    pub(in crate::queue) fn new(
        urls: Vec<BrokerUrl>,
        topology: Topology,
        prefetch: u16,
        metrics: ConsumerMetrics,
        check: Check,
    ) -> Self {
        Self {
            urls,
            next_url: 0,
            topology,
            prefetch,
            metrics,
            check,
            backoff: Backoff::reconnect(),
            careful: true,
            subscription: None,
            sessions: 0,
        }
    }

    async fn subscribed(&mut self) -> &mut Subscription {
        let subscription = match self.subscription.take() {
            Some(subscription) if subscription.careful.is_some() == self.careful => subscription,
            Some(other) => {
                // Gives back what it holds.
                other.connected.close().await;
                drop(other);
                self.connect().await
            }
            None => self.connect().await,
        };
        self.subscription.insert(subscription)
    }

    /// Connects, however long it takes.
    async fn connect(&mut self) -> Subscription {
        loop {
            let url = self.urls[self.next_url % self.urls.len()].clone();
            self.next_url = self.next_url.wrapping_add(1);
            let careful = if self.careful { CAREFUL.acquire().await.ok() } else { None };
            let opened = open(&url, &self.topology, self.prefetch, careful).await;
            self.metrics.connect(Source::Inbox, opened.is_ok());
            match opened {
                Ok(subscription) => {
                    self.sessions += 1;
                    self.careful = subscription.careful.is_some();
                    self.backoff.reset();
                    self.check.pass();
                    return subscription;
                }
                Err(error) => {
                    tracing::warn!(error = %error, "cannot connect for consuming");
                    self.check.fail(error.to_string());
                    tokio::time::sleep(self.backoff.next_delay()).await;
                }
            }
        }
    }

    async fn lost(&mut self, kind: ConsumerLoss, reason: String) {
        tracing::warn!(reason, "connection for consuming lost");
        self.metrics.lost(Source::Inbox, kind);
        self.check.fail(reason);
        if let Some(subscription) = self.subscription.take() {
            subscription.connected.close().await;
        }
        tokio::time::sleep(self.backoff.next_delay()).await;
    }
}

#[async_trait]
impl Consumer for RabbitMqConsumer {
    async fn receive(&mut self, enough: usize) -> Batch {
        loop {
            let Some(next) = self.subscribed().await.next().await else {
                self.careful = false;
                continue;
            };
            let first = match next {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    self.lost(ConsumerLoss::Closed, explain(&error)).await;
                    continue;
                }
                None => {
                    let reason = "the broker cancelled the consumer".to_owned();
                    self.lost(ConsumerLoss::Cancelled, reason).await;
                    continue;
                }
            };
            let Some(subscription) = &mut self.subscription else { continue };
            self.careful = is_suspect(&first);
            if self.careful && subscription.careful.is_none() {
                continue;
            }
            if self.careful {
                let before = message::delivered_before(&first);
                tracing::warn!(before, "a message came back again and again, taking it alone");
                self.metrics.suspect();
            }
            let mut last_tag = first.delivery_tag;
            let mut deliveries = subscription.unpack(first, &self.topology).await;
            while deliveries.len() < enough && subscription.careful.is_none() {
                // An error here is seen again by the next call, after this batch.
                let Some(Some(Ok(next))) = subscription.messages.next().now_or_never() else { break };
                if is_suspect(&next) {
                    self.careful = true;
                    break;
                }
                last_tag = next.delivery_tag;
                deliveries.extend(message::deliveries(next));
            }
            if !deliveries.is_empty() {
                subscription.in_hand = Some(last_tag);
                let receipt = Receipt(ReceiptKind::RabbitMq { session: self.sessions, last_tag });
                return Batch { deliveries, receipt };
            }
        }
    }

    async fn acknowledge(&mut self, receipt: Receipt) -> Result<(), QueueError> {
        let ReceiptKind::RabbitMq { session, last_tag } = receipt.0 else {
            return Err(QueueError("the receipt is of another queue".into()));
        };
        let Some(subscription) = self.subscription.as_mut().filter(|_| session == self.sessions) else {
            return Err(QueueError("the session that delivered the batch is gone".into()));
        };
        let options = BasicAckOptions { multiple: true };
        let acknowledged = subscription.connected.channel.basic_ack(last_tag, options);
        let failure = match timeout(ACKNOWLEDGE_TIMEOUT, acknowledged).await {
            Ok(Ok(())) => {
                subscription.in_hand = subscription.in_hand.filter(|tag| *tag > last_tag);
                return Ok(());
            }
            Ok(Err(error)) => explain(&error),
            Err(_) => format!("no acknowledgement went out within {ACKNOWLEDGE_TIMEOUT:?}"),
        };
        self.lost(ConsumerLoss::NotAcknowledged, failure.clone()).await;
        Err(QueueError(failure))
    }

    async fn close(&mut self) {
        if let Some(subscription) = self.subscription.take() {
            subscription.connected.close().await;
        }
    }
}

impl Subscription {
    /// The next message; nothing where it is careful in vain, and nothing is in hand.
    async fn next(&mut self) -> Option<Option<lapin::Result<Message>>> {
        if self.careful.is_none() || self.in_hand.is_some() {
            return Some(self.messages.next().await);
        }
        timeout(CAREFUL_FOR, self.messages.next()).await.ok()
    }

    /// The deliveries of a message; none if they have got messages of their own instead.
    async fn unpack(&self, message: Message, topology: &Topology) -> Vec<Delivery> {
        let parts = self.careful.is_some() && message::is_group(&message);
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

fn is_suspect(message: &Message) -> bool {
    message::delivered_before(message) >= SUSPECT_AFTER
}

/// Subscribes; not carefully where nothing waits.
async fn open(
    url: &BrokerUrl,
    topology: &Topology,
    prefetch: u16,
    careful: Option<SemaphorePermit<'static>>,
) -> Result<Subscription, QueueError> {
    let connected = Connected::open(url, topology, "clerk-mirror worker").await?;
    let channel = &connected.channel;
    let subscribed = async {
        let careful = match careful {
            Some(careful) if topology.waiting(channel).await?.inbox > 0 => Some(careful),
            _ => None,
        };
        let prefetch = if careful.is_some() { CAREFUL_PREFETCH } else { prefetch };
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let inbox = topology.inbox.as_str().into();
        let messages = channel.basic_consume(inbox, "".into(), options, FieldTable::default()).await?;
        lapin::Result::Ok((careful, messages))
    };
    match timeout(SUBSCRIBE_TIMEOUT, subscribed).await {
        Ok(Ok((careful, messages))) => {
            Ok(Subscription { url: url.clone(), careful, connected, messages, in_hand: None })
        }
        Ok(Err(error)) => Err(QueueError(format!("{url}: {}", explain(&error)))),
        Err(_) => Err(QueueError(format!("{url}: no answer within {SUBSCRIBE_TIMEOUT:?}"))),
    }
}
