//! Acknowledging what was taken from a channel.

use std::time::Duration;

use async_trait::async_trait;
use lapin::{Channel, options::BasicAckOptions, types::DeliveryTag};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::explain;
use crate::queue::{Acknowledge, QueueError, Receipt};

const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(10);

/// Messages of one channel. To any other their tags mean nothing, and of a channel that is gone nothing can be acknowledged.
pub(super) struct Taken {
    pub(super) channel: Channel,
    pub(super) last_tag: DeliveryTag,
    /// Held for as long as the messages are in hand.
    pub(super) in_hand: Option<OwnedSemaphorePermit>,
}

impl From<Taken> for Receipt {
    fn from(taken: Taken) -> Self {
        Self(Box::new(taken))
    }
}

#[async_trait]
impl Acknowledge for Taken {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
        let Self { channel, last_tag, in_hand } = *self;
        let acknowledged = acknowledge(&channel, last_tag).await;
        drop(in_hand);
        acknowledged
    }
}

/// Acknowledges all messages of a channel up to this one.
pub(super) async fn acknowledge(channel: &Channel, last_tag: DeliveryTag) -> Result<(), QueueError> {
    match timeout(ACKNOWLEDGE_TIMEOUT, channel.basic_ack(last_tag, BasicAckOptions { multiple: true })).await
    {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(QueueError(explain(&error))),
        Err(_) => Err(QueueError(format!("no acknowledgement went out within {ACKNOWLEDGE_TIMEOUT:?}"))),
    }
}
