//! Acknowledging what was taken from a channel.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use lapin::{Channel, options::BasicAckOptions, types::DeliveryTag};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::timeout,
};

use super::explain;
use crate::queue::{Acknowledge, QueueError, Receipt};

const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(10);

/// The acknowledgements of one channel. To any other its tags mean nothing, and of a channel that is gone nothing can be
/// acknowledged.
pub(super) struct Acknowledgements {
    channel: Channel,
    up_to: AtomicU64,
    going_out: Semaphore,
}

/// Messages of a channel.
pub(super) enum Tags {
    /// All up to this one.
    UpTo(DeliveryTag),
    /// Just these.
    Each(Vec<DeliveryTag>),
}

impl Acknowledgements {
    pub(super) fn new(channel: Channel) -> Arc<Self> {
        Arc::new(Self { channel, up_to: AtomicU64::new(0), going_out: Semaphore::new(1) })
    }

    /// The last of all messages that are acknowledged, or are about to be.
    pub(super) fn up_to(&self) -> DeliveryTag {
        self.up_to.load(Ordering::Relaxed)
    }

    /// Lets none go out until this is dropped: after it the broker sends no more than it was allowed to before.
    pub(super) async fn pause(&self) -> Option<SemaphorePermit<'_>> {
        self.going_out.acquire().await.ok()
    }

    pub(super) async fn acknowledge(&self, tags: &Tags) -> Result<(), QueueError> {
        match timeout(ACKNOWLEDGE_TIMEOUT, self.send(tags)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(QueueError(explain(&error))),
            Err(_) => Err(QueueError(format!("no acknowledgement went out within {ACKNOWLEDGE_TIMEOUT:?}"))),
        }
    }

    async fn send(&self, tags: &Tags) -> lapin::Result<()> {
        let _turn = self.pause().await;
        match tags {
            Tags::UpTo(last) => {
                self.up_to.fetch_max(*last, Ordering::Relaxed);
                self.channel.basic_ack(*last, BasicAckOptions { multiple: true }).await
            }
            Tags::Each(tags) => {
                for tag in tags {
                    self.channel.basic_ack(*tag, BasicAckOptions { multiple: false }).await?;
                }
                Ok(())
            }
        }
    }
}

/// What was taken.
pub(super) struct Taken {
    pub(super) tags: Tags,
    pub(super) acknowledgements: Arc<Acknowledgements>,
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
        let Self { tags, acknowledgements, in_hand } = *self;
        let acknowledged = acknowledgements.acknowledge(&tags).await;
        drop(in_hand);
        acknowledged
    }
}
