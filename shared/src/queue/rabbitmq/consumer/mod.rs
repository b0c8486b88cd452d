//! Consuming in batches, on a connection and channel of its own.
//!
//! A message that came back again and again may be one that kills workers. What dies together counts together: so it is taken
//! alone, and only the one to blame reaches the broker's limit. A consumer begins carefully, in case that it is what stands
//! first in the inbox.

mod prefetch;
mod silence;
mod split;
mod subscription;

use std::sync::Arc;

use async_trait::async_trait;
use lapin::message::Delivery as Message;
use tokio::{sync::Semaphore, time::sleep};
use tokio_util::sync::CancellationToken;

use self::{
    prefetch::{Prefetch, Sample},
    silence::Silence,
    split::split,
    subscription::{Lost, Subscription},
};
use super::{
    BrokerUrl, Topology, message,
    receipt::{Tags, Taken},
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
    silence: Silence,
    metrics: ConsumerMetrics,
    check: Check,
    backoff: Backoff,
    /// Once this is cancelled, no more is taken from the queue.
    stop: CancellationToken,
    /// Whether the next message is taken alone.
    careful: bool,
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
        stop: CancellationToken,
    ) -> Self {
        Self {
            silence: Silence::among(urls.len()),
            urls,
            next_url: 0,
            topology,
            prefetch: Prefetch::new(batch),
            metrics,
            check,
            backoff: Backoff::reconnect(),
            stop,
            careful: true,
            subscription: None,
            in_hand: Arc::new(Semaphore::new(BATCHES as usize)),
        }
    }

    /// Connects, however long it takes, unless the process stops.
    async fn connect(&mut self) -> Option<Subscription> {
        while !self.stop.is_cancelled() {
            let url = self.urls[self.next_url % self.urls.len()].clone();
            self.next_url = self.next_url.wrapping_add(1);
            let opened = Subscription::open(url, &self.topology).await;
            self.metrics.connect(Source::Inbox, opened.is_ok());
            match opened {
                Ok(subscription) => {
                    tracing::info!(broker = %subscription.url, "connected for consuming");
                    self.backoff.reset();
                    self.check.pass();
                    return Some(subscription);
                }
                Err(error) => {
                    tracing::warn!(error = %error, "cannot connect for consuming");
                    self.check.fail(error.to_string());
                    self.wait().await;
                }
            }
        }
        None
    }

    async fn lost(&mut self, subscription: Subscription, Lost { kind, reason }: Lost) {
        self.metrics.lost(Source::Inbox, kind);
        if let ConsumerLoss::Silent = kind {
            tracing::info!(reason, "asking another broker");
            self.silence.broken();
            return subscription.close().await;
        }
        tracing::warn!(reason, "connection for consuming lost");
        self.silence.suspicious();
        self.check.fail(reason);
        subscription.close().await;
        self.wait().await;
    }

    async fn wait(&mut self) {
        let wait = sleep(self.backoff.next_delay());
        self.stop.run_until_cancelled(wait).await;
    }

    async fn nothing_in_hand(&self) {
        let _ = self.in_hand.acquire_many(BATCHES).await;
    }

    /// What comes next.
    async fn next(&mut self, subscription: &mut Subscription, enough: usize) -> Result<Next, Lost> {
        if self.careful {
            self.nothing_in_hand().await;
            if let Some(message) = self.next_alone(subscription).await? {
                return self.alone(subscription, message).await;
            }
        }
        if !subscription.is_flowing() {
            if self.stop.is_cancelled() {
                return Ok(Next::End);
            }
            self.nothing_in_hand().await;
            subscription.consume(self.prefetch).await?;
        }
        subscription.adjust(self.prefetch).await?;
        self.together(subscription, enough).await
    }

    /// What is to be taken alone; nothing if that is over.
    async fn next_alone(&mut self, subscription: &mut Subscription) -> Result<Option<Message>, Lost> {
        let message = match subscription.next_held() {
            None if self.stop.is_cancelled() => None,
            None => subscription.fetch().await?,
            held => held,
        };
        self.careful = subscription.holds() || message.as_ref().is_some_and(is_suspect);
        Ok(message)
    }

    /// One message by itself. The deliveries of a group that is a suspect get messages of their own instead.
    async fn alone(&mut self, subscription: &mut Subscription, message: Message) -> Result<Next, Lost> {
        let (tag, is_group) = (message.delivery_tag, message::is_group(&message));
        let suspect = is_suspect(&message);
        self.metrics.redelivered(came_back(&message).into());
        if suspect {
            let before = message::delivered_before(&message);
            tracing::warn!(before, "a message came back again and again, taking it alone");
            self.metrics.suspect();
        }
        let deliveries = message::deliveries(message);
        if suspect && is_group && deliveries.len() > 1 {
            match split(&subscription.url, &self.topology, &deliveries).await {
                Ok(()) => {
                    // If this fails, the session has: the message comes again, and its deliveries are recognised.
                    let _ = subscription.acknowledgements.acknowledge(&Tags::UpTo(tag)).await;
                    return Ok(Next::Another);
                }
                Err(error) => tracing::warn!(%error, "cannot split a message, taking it as it is"),
            }
        }
        Ok(self.batch(subscription, deliveries, Tags::UpTo(tag)))
    }

    /// What has come, but for suspects.
    async fn together(&mut self, subscription: &mut Subscription, enough: usize) -> Result<Next, Lost> {
        let mut sample = Sample::default();
        let (mut deliveries, mut tags, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut next = subscription.next(&self.stop, self.silence.patience()).await?;
        while let Some(message) = next {
            if is_suspect(&message) {
                subscription.hold(message);
                subscription.stop().await?;
            } else {
                tags.push(message.delivery_tag);
                self.metrics.redelivered(came_back(&message).into());
                sample.messages += 1;
                sample.bytes += message.data.len();
                let more = message::deliveries(message);
                bytes += more.iter().map(|delivery| delivery.body.len()).sum::<usize>();
                deliveries.extend(more);
            }
            if deliveries.len() >= enough || bytes >= ENOUGH_BYTES {
                break;
            }
            next = subscription.next_now();
        }
        self.careful = subscription.holds() && !subscription.is_flowing();
        if deliveries.is_empty() {
            return Ok(Next::Another);
        }
        self.prefetch.fit(Sample { events: deliveries.len(), ..sample });
        let tags = subscription.tags(tags);
        Ok(self.batch(subscription, deliveries, tags))
    }

    fn batch(&self, subscription: &Subscription, deliveries: Vec<Delivery>, tags: Tags) -> Next {
        let acknowledgements = subscription.acknowledgements.clone();
        let in_hand = self.in_hand.clone().try_acquire_owned().ok();
        Next::Batch(Batch { deliveries, receipt: Taken { tags, acknowledgements, in_hand }.into() })
    }
}

enum Next {
    Batch(Batch),
    /// Nothing this time.
    Another,
    /// Nothing any more.
    End,
}

#[async_trait]
impl Consumer for RabbitMqConsumer {
    async fn receive(&mut self, enough: usize) -> Option<Batch> {
        loop {
            // While something is under way the subscription is not to be had: if that is dropped, nobody can acknowledge what
            // has come without having been seen.
            let mut subscription = match self.subscription.take() {
                Some(subscription) => subscription,
                None => self.connect().await?,
            };
            match self.next(&mut subscription, enough).await {
                Ok(next) => {
                    self.subscription = Some(subscription);
                    match next {
                        Next::Batch(batch) => return Some(batch),
                        Next::Another => {}
                        Next::End => return None,
                    }
                }
                Err(lost) => self.lost(subscription, lost).await,
            }
        }
    }

    async fn close(&mut self) {
        if let Some(subscription) = self.subscription.take() {
            subscription.close().await;
        }
    }
}

fn came_back(message: &Message) -> bool {
    message::delivered_before(message) > 0
}

fn is_suspect(message: &Message) -> bool {
    message::delivered_before(message) >= SUSPECT_AFTER
}
