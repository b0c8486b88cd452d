//! Consuming in batches, on a connection and channel of its own.
//!
//! A message that came back again and again may be one that kills workers. What dies together counts together: so it is taken
//! alone, and only the one to blame reaches the broker's limit. A consumer begins carefully, in case that it is what stands
//! first in the inbox.

mod prefetch;
mod split;
mod subscription;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use lapin::message::Delivery as Message;
use tokio::sync::Semaphore;

use self::{
    prefetch::{Prefetch, Sample},
    split::split,
    subscription::{NoMessage, Subscription},
};
use super::{
    BrokerUrl, Topology, message,
    receipt::{Taken, acknowledge},
};
use crate::{
    delivery::Delivery,
    lifecycle::{Backoff, Check},
    queue::{
        Batch, Consumer, ConsumerMetrics,
        metrics::{ConsumerLoss, Source},
    },
};

/// A message that came back so often is a suspect. Far below the broker's own limit.
const SUSPECT_AFTER: i64 = 3;
/// With nothing to take for so long, there is nothing to be careful about.
const CAREFUL_FOR: Duration = Duration::from_secs(1);
/// As much of bodies is enough for one batch, however few they are.
const ENOUGH_BYTES: usize = 8 << 20;
/// More batches than anybody takes in hand.
const BATCHES: u32 = 1 << 16;

/// Takes batches from the inbox.
pub struct RabbitMqConsumer {
    urls: Vec<BrokerUrl>,
    next_url: usize,
    topology: Topology,
    prefetch: Prefetch,
    metrics: ConsumerMetrics,
    check: Check,
    backoff: Backoff,
    /// Whether suspects may be coming.
    careful: bool,
    /// Whether no more is to be taken from the queue.
    cancelled: bool,
    subscription: Option<Subscription>,
    /// Lends one of its permits to each batch that is in hand.
    in_hand: Arc<Semaphore>,
}

impl RabbitMqConsumer {
    /// A consumer of batches of so many events, that connects with the first [`Consumer::receive`].
    pub(in crate::queue) fn new(
        urls: Vec<BrokerUrl>,
        topology: Topology,
        batch: usize,
        metrics: ConsumerMetrics,
        check: Check,
    ) -> Self {
        Self {
            urls,
            next_url: 0,
            topology,
            prefetch: Prefetch::new(batch),
            metrics,
            check,
            backoff: Backoff::reconnect(),
            careful: true,
            cancelled: false,
            subscription: None,
            in_hand: Arc::new(Semaphore::new(BATCHES as usize)),
        }
    }

    /// What to take messages from, as careful as it is to be; nothing once the consumer is cancelled and that has come to
    /// its end.
    async fn subscribed(&mut self) -> Option<&mut Subscription> {
        let subscription = match self.subscription.take() {
            Some(as_it_is) if self.cancelled || as_it_is.is_as(self.careful, self.prefetch) => as_it_is,
            Some(mut other) => {
                if self.careful || other.careful {
                    // What is in hand stands alone, or can only be acknowledged on its own channel.
                    self.nothing_in_hand().await;
                }
                if !self.careful && other.adjust(&self.topology, self.prefetch).await.is_ok() {
                    other
                } else {
                    // Gives back what has come.
                    other.close().await;
                    self.connect().await?
                }
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
            let opened = Subscription::open(url, &self.topology, self.prefetch, self.careful).await;
            self.metrics.connect(Source::Inbox, opened.is_ok());
            match opened {
                Ok(subscription) => {
                    self.careful = subscription.careful;
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

    async fn nothing_in_hand(&self) {
        let _ = self.in_hand.acquire_many(BATCHES).await;
    }

    async fn lost(&mut self, kind: ConsumerLoss, reason: String) {
        tracing::warn!(reason, "connection for consuming lost");
        self.metrics.lost(Source::Inbox, kind);
        self.check.fail(reason);
        self.close().await;
        tokio::time::sleep(self.backoff.next_delay()).await;
    }

    /// The next message, alone where it is a suspect; nothing where there is to be none any more.
    async fn first(&mut self) -> Option<Message> {
        loop {
            if self.careful {
                self.nothing_in_hand().await;
            }
            let subscription = self.subscribed().await?;
            let alone = subscription.careful;
            match subscription.next().await {
                Ok(message) => {
                    self.careful = is_suspect(&message);
                    if alone || !self.careful {
                        return Some(message);
                    }
                }
                Err(NoMessage::Silence) => self.careful = false,
                Err(NoMessage::Cancelled) if self.cancelled => return None,
                Err(NoMessage::Cancelled) => {
                    let reason = "the broker cancelled the consumer".to_owned();
                    self.lost(ConsumerLoss::Cancelled, reason).await;
                }
                Err(NoMessage::Lost(error)) => self.lost(ConsumerLoss::Closed, error).await,
            }
        }
    }
}

#[async_trait]
impl Consumer for RabbitMqConsumer {
    async fn receive(&mut self, enough: usize) -> Option<Batch> {
        loop {
            let first = self.first().await?;
            let Some(subscription) = &mut self.subscription else { continue };
            let mut last_tag = first.delivery_tag;
            let deliveries = if self.careful {
                let before = message::delivered_before(&first);
                tracing::warn!(before, "a message came back again and again, taking it alone");
                self.metrics.suspect();
                alone(first, subscription, &self.topology).await
            } else {
                let mut sample = Sample { messages: 1, events: 0, bytes: first.data.len() };
                let mut deliveries = message::deliveries(first);
                let mut bytes = size(&deliveries);
                while deliveries.len() < enough && bytes < ENOUGH_BYTES {
                    let Some(next) = subscription.next_now() else { break };
                    if is_suspect(&next) {
                        self.careful = true;
                        break;
                    }
                    last_tag = next.delivery_tag;
                    sample.messages += 1;
                    sample.bytes += next.data.len();
                    let next = message::deliveries(next);
                    bytes += size(&next);
                    deliveries.extend(next);
                }
                self.prefetch.fit(Sample { events: deliveries.len(), ..sample });
                deliveries
            };
            if !deliveries.is_empty() {
                let channel = subscription.channel().clone();
                let in_hand = self.in_hand.clone().try_acquire_owned().ok();
                return Some(Batch { deliveries, receipt: Taken { channel, last_tag, in_hand }.into() });
            }
        }
    }

    async fn cancel(&mut self) {
        self.cancelled = true;
        let Some(subscription) = &self.subscription else { return };
        if subscription.cancel().await.is_err() {
            self.close().await;
        }
    }

    async fn close(&mut self) {
        if let Some(subscription) = self.subscription.take() {
            subscription.close().await;
        }
    }
}

/// The deliveries of a suspect; none if they have got messages of their own instead.
async fn alone(message: Message, subscription: &Subscription, topology: &Topology) -> Vec<Delivery> {
    let (tag, is_group) = (message.delivery_tag, message::is_group(&message));
    let deliveries = message::deliveries(message);
    if !is_group || deliveries.len() == 1 {
        return deliveries;
    }
    if let Err(error) = split(&subscription.url, topology, &deliveries).await {
        tracing::warn!(%error, "cannot split a message, taking it as it is");
        return deliveries;
    }
    // If this fails, the session has: the message comes again, and its deliveries are recognised.
    let _ = acknowledge(subscription.channel(), tag).await;
    Vec::new()
}

fn size(deliveries: &[Delivery]) -> usize {
    deliveries.iter().map(|delivery| delivery.body.len()).sum()
}

fn is_suspect(message: &Message) -> bool {
    message::delivered_before(message) >= SUSPECT_AFTER
}
