//! A subscription to the inbox: what the broker sends of it, and how much at once.

use std::{collections::VecDeque, time::Duration};

use futures_util::{FutureExt, StreamExt};
use lapin::{
    Channel, Consumer,
    message::Delivery as Message,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::time::timeout;

use super::{CAREFUL_FOR, prefetch::Prefetch};
use crate::queue::{
    QueueError,
    rabbitmq::{BrokerUrl, Connected, Topology, explain},
};

const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);
const CAREFUL_PREFETCH: u16 = 1;

/// A connection that messages come on.
pub(super) struct Subscription {
    pub(super) url: BrokerUrl,
    /// Whether one message comes at a time.
    pub(super) careful: bool,
    /// How many come at once otherwise.
    prefetch: Prefetch,
    connected: Connected,
    messages: Consumer,
    /// What came before it was adjusted.
    left: VecDeque<Message>,
}

/// Why no message comes.
pub(super) enum NoMessage {
    /// There is nothing to be careful about.
    Silence,
    /// The broker, or this process, has cancelled the consumer.
    Cancelled,
    /// The session is lost.
    Lost(String),
}

impl Subscription {
    /// Subscribes; not carefully where nothing waits.
    pub(super) async fn open(
        url: BrokerUrl,
        topology: &Topology,
        prefetch: Prefetch,
        careful: bool,
    ) -> Result<Self, QueueError> {
        let connected = Connected::open(&url, topology, "clerk-mirror worker").await?;
        let subscribed = async {
            let careful = careful && topology.waiting(&connected.channel).await?.inbox > 0;
            let messages = if careful { CAREFUL_PREFETCH } else { prefetch.messages() };
            Ok((careful, consume(&connected.channel, topology, messages).await?))
        };
        let (careful, messages) = in_time(&url, subscribed).await?;
        Ok(Self { url, careful, prefetch, connected, messages, left: VecDeque::new() })
    }

    /// Whether it lets as many messages come at once as that.
    pub(super) fn is_as(&self, careful: bool, prefetch: Prefetch) -> bool {
        self.careful == careful && (careful || self.prefetch == prefetch)
    }

    /// Lets as many messages come at once as that, without giving any back.
    pub(super) async fn adjust(&mut self, topology: &Topology, prefetch: Prefetch) -> Result<(), QueueError> {
        let Self { connected, messages, left, .. } = self;
        let adjusted = async {
            let channel = &connected.channel;
            channel.basic_cancel(messages.tag(), BasicCancelOptions::default()).await?;
            while let Some(message) = messages.next().await {
                left.push_back(message?);
            }
            consume(channel, topology, prefetch.messages()).await
        };
        self.messages = in_time(&self.url, adjusted).await?;
        self.careful = false;
        self.prefetch = prefetch;
        Ok(())
    }

    /// Waits for a message.
    pub(super) async fn next(&mut self) -> Result<Message, NoMessage> {
        if let Some(message) = self.left.pop_front() {
            return Ok(message);
        }
        let next = self.messages.next();
        let next = if self.careful {
            let Ok(next) = timeout(CAREFUL_FOR, next).await else { return Err(NoMessage::Silence) };
            next
        } else {
            next.await
        };
        match next {
            Some(Ok(message)) => Ok(message),
            Some(Err(error)) => Err(NoMessage::Lost(explain(&error))),
            None => Err(NoMessage::Cancelled),
        }
    }

    /// What has come already. An error is seen again by [`Subscription::next`].
    pub(super) fn next_now(&mut self) -> Option<Message> {
        self.left.pop_front().or_else(|| self.messages.next().now_or_never()??.ok())
    }

    /// Lets nothing more come; what has come already is still there.
    pub(super) async fn cancel(&self) -> Result<(), QueueError> {
        let channel = &self.connected.channel;
        let cancelled = channel.basic_cancel(self.messages.tag(), BasicCancelOptions::default());
        match timeout(CANCEL_TIMEOUT, cancelled).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(QueueError(explain(&error))),
            Err(_) => Err(QueueError(format!("no answer within {CANCEL_TIMEOUT:?}"))),
        }
    }

    pub(super) fn channel(&self) -> &Channel {
        &self.connected.channel
    }

    /// Gives back what has come and was not acknowledged.
    pub(super) async fn close(self) {
        self.connected.close().await;
    }
}

async fn consume(channel: &Channel, topology: &Topology, prefetch: u16) -> lapin::Result<Consumer> {
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    channel.basic_consume(topology.inbox.as_str().into(), "".into(), options, FieldTable::default()).await
}

async fn in_time<T>(url: &BrokerUrl, work: impl Future<Output = lapin::Result<T>>) -> Result<T, QueueError> {
    match timeout(SUBSCRIBE_TIMEOUT, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(QueueError(format!("{url}: {}", explain(&error)))),
        Err(_) => Err(QueueError(format!("{url}: no answer within {SUBSCRIBE_TIMEOUT:?}"))),
    }
}
