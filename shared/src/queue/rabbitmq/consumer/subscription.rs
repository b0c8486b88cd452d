//! What the broker sends of the inbox: as many messages at once as are wanted, or one by one.
//!
//! RabbitMQ counts how often a message came back, and takes it out in the end. When a consumer is cancelled, what is on its
//! way comes back too. So a consumer is only cancelled once nothing is on its way: while acknowledgements pause, the broker
//! sends as many messages as it may, and then none.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt};
use lapin::{
    Consumer,
    message::Delivery as Message,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicQosOptions},
    types::{DeliveryTag, FieldTable},
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::prefetch::Prefetch;
use crate::queue::{
    QueueError,
    metrics::ConsumerLoss,
    rabbitmq::{
        BrokerUrl, Connected, Topology, explain,
        receipt::{Acknowledgements, Tags},
    },
};

const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// If nothing has come for so long, nothing is on its way.
const SILENCE: Duration = Duration::from_millis(100);

/// A connection that messages come on.
pub(super) struct Subscription {
    pub(super) url: BrokerUrl,
    topology: Topology,
    connected: Connected,
    pub(super) acknowledgements: Arc<Acknowledgements>,
    consuming: Option<Consuming>,
    /// What has come and is still to be taken, oldest first.
    left: VecDeque<Message>,
    /// What is to be taken alone, oldest first.
    held: VecDeque<Message>,
    /// The last that has come.
    newest: DeliveryTag,
    /// Why no more comes. The consumer says it only once, and whoever asks again would wait for ever.
    lost: Option<Lost>,
}

/// A consumer the broker sends messages to by itself.
struct Consuming {
    messages: Consumer,
    /// How many may come without being acknowledged,
    prefetch: Prefetch,
    /// from the one after this on.
    since: DeliveryTag,
}

/// The session is lost.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) kind: ConsumerLoss,
    pub(super) reason: String,
}

impl Subscription {
    /// Connects; nothing comes yet.
    pub(super) async fn open(url: BrokerUrl, topology: &Topology) -> Result<Self, QueueError> {
        let connected = Connected::open(&url, topology, "clerk-mirror worker").await?;
        Ok(Self {
            url,
            topology: topology.clone(),
            acknowledgements: Acknowledgements::new(connected.channel.clone()),
            connected,
            consuming: None,
            left: VecDeque::new(),
            held: VecDeque::new(),
            newest: 0,
            lost: None,
        })
    }

    /// Whether anything has come, or comes by itself.
    pub(super) fn is_flowing(&self) -> bool {
        self.consuming.is_some() || !self.left.is_empty()
    }

    /// Lets messages come by themselves.
    pub(super) async fn consume(&mut self, prefetch: Prefetch) -> Result<(), Lost> {
        let channel = &self.connected.channel;
        let subscribed = async {
            channel.basic_qos(prefetch.messages(), BasicQosOptions::default()).await?;
            let (inbox, options) = (self.topology.inbox.as_str().into(), BasicConsumeOptions::default());
            channel.basic_consume(inbox, "".into(), options, FieldTable::default()).await
        };
        let messages = in_time(subscribed).await?;
        self.consuming = Some(Consuming { messages, prefetch, since: self.newest });
        Ok(())
    }

    /// Lets another number of messages come at once, if as many have come as may: before that there is no need.
    pub(super) async fn adjust(&mut self, prefetch: Prefetch) -> Result<(), Lost> {
        if self.consuming.as_ref().is_none_or(|consuming| consuming.prefetch == prefetch) {
            return Ok(());
        }
        self.take_in();
        if !self.is_saturated() {
            return Ok(());
        }
        let acknowledgements = self.acknowledgements.clone();
        let _pause = acknowledgements.pause().await;
        if !self.is_saturated() {
            return Ok(());
        }
        self.cancel().await?;
        self.consume(prefetch).await
    }

    /// Lets no more come. What has come is still to be taken.
    pub(super) async fn stop(&mut self) -> Result<(), Lost> {
        let acknowledgements = self.acknowledgements.clone();
        let _pause = acknowledgements.pause().await;
        self.take_in();
        while !self.is_saturated() && self.lost.is_none() {
            let Some(consuming) = &mut self.consuming else { break };
            let Ok(next) = timeout(SILENCE, consuming.messages.next()).await else { break };
            self.came(next);
        }
        self.cancel().await
    }

    /// Waits for a message, but no longer than `patience` if all that came is acknowledged. Nothing once none is left and none
    /// comes by itself, as from when `stop` is cancelled.
    pub(super) async fn next(
        &mut self,
        stop: &CancellationToken,
        patience: Duration,
    ) -> Result<Option<Message>, Lost> {
        loop {
            if let Some(message) = self.left.pop_front() {
                return Ok(Some(message));
            }
            if let Some(lost) = self.lost.take() {
                return Err(lost);
            }
            let Some(consuming) = &mut self.consuming else { return Ok(None) };
            match stop.run_until_cancelled(timeout(patience, consuming.messages.next())).await {
                Some(Ok(next)) => self.came(next),
                Some(Err(_)) if self.newest > self.acknowledgements.up_to() => {}
                Some(Err(_)) => {
                    self.stop().await?;
                    if self.left.is_empty() {
                        let reason = format!("nothing has come for {patience:?}");
                        return Err(Lost { kind: ConsumerLoss::Silent, reason });
                    }
                }
                None => self.stop().await?,
            }
        }
    }

    /// What has come already.
    pub(super) fn next_now(&mut self) -> Option<Message> {
        if self.left.is_empty() {
            self.take_in();
        }
        self.left.pop_front()
    }

    /// Keeps what came among others until it can be taken alone.
    pub(super) fn hold(&mut self, message: Message) {
        self.held.push_back(message);
    }

    /// Whether something is to be taken alone.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// What was held for longest.
    pub(super) fn next_held(&mut self) -> Option<Message> {
        self.held.pop_front()
    }

    /// Fetches what stands first in the inbox.
    pub(super) async fn fetch(&mut self) -> Result<Option<Message>, Lost> {
        let channel = &self.connected.channel;
        let fetched = async {
            // A queue that has just been declared has no messages, and cannot be asked for any yet.
            if self.topology.waiting(channel).await?.inbox == 0 {
                return Ok(None);
            }
            channel.basic_get(self.topology.inbox.as_str().into(), BasicGetOptions { no_ack: false }).await
        };
        Ok(in_time(fetched).await?.map(|message| {
            self.newest = message.delivery_tag;
            message.delivery
        }))
    }

    /// What acknowledges the messages with these tags, and nothing that is held.
    pub(super) fn tags(&self, tags: Vec<DeliveryTag>) -> Tags {
        match tags.last() {
            Some(last) if self.held.is_empty() => Tags::UpTo(*last),
            _ => Tags::Each(tags),
        }
    }

    /// Gives back what has come and was not acknowledged.
    pub(super) async fn close(self) {
        self.connected.close().await;
    }

    async fn cancel(&mut self) -> Result<(), Lost> {
        if let Some(lost) = self.lost.take() {
            return Err(lost);
        }
        let Some(Consuming { mut messages, .. }) = self.consuming.take() else { return Ok(()) };
        let channel = &self.connected.channel;
        in_time(channel.basic_cancel(messages.tag(), BasicCancelOptions::default())).await?;
        while let Some(message) = messages.next().await {
            self.keep(message.map_err(|error| closed(&error))?);
        }
        Ok(())
    }

    fn take_in(&mut self) {
        while let Some(consuming) = self.consuming.as_mut().filter(|_| self.lost.is_none())
            && let Some(next) = consuming.messages.next().now_or_never()
        {
            self.came(next);
        }
    }

    /// What the consumer said.
    fn came(&mut self, next: Option<lapin::Result<Message>>) {
        match next {
            Some(Ok(message)) => self.keep(message),
            Some(Err(error)) => self.lost = Some(closed(&error)),
            None => {
                let reason = "the broker cancelled the consumer".to_owned();
                self.lost = Some(Lost { kind: ConsumerLoss::Cancelled, reason });
            }
        }
    }

    fn keep(&mut self, message: Message) {
        self.newest = message.delivery_tag;
        self.left.push_back(message);
    }

    /// Whether as many messages have come as may.
    fn is_saturated(&self) -> bool {
        self.consuming.as_ref().is_some_and(|Consuming { prefetch, since, .. }| {
            let settled = self.acknowledgements.up_to().max(*since);
            self.newest.saturating_sub(settled) >= prefetch.messages().into()
        })
    }
}

fn closed(error: &lapin::Error) -> Lost {
    Lost { kind: ConsumerLoss::Closed, reason: explain(error) }
}

async fn in_time<T>(work: impl Future<Output = lapin::Result<T>>) -> Result<T, Lost> {
    match timeout(ANSWER_TIMEOUT, work).await {
        Ok(done) => done.map_err(|error| closed(&error)),
        Err(_) => {
            let reason = format!("no answer within {ANSWER_TIMEOUT:?}");
            Err(Lost { kind: ConsumerLoss::Closed, reason })
        }
    }
}
