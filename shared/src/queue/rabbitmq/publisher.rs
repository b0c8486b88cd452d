//! Publishing with confirms, on a connection of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use futures_util::StreamExt;
use lapin::{
    Confirmation, Event,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    BrokerUrl, Topology, message,
    session::{Session, explain},
};
use crate::{
    lifecycle::{Backoff, Check},
    queue::{PublishError, PublishLimits, Publisher, QueueError},
    signature::Verified,
};

const CONFIRM_SELECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Publishes to the inbox, each message confirmed before it counts.
pub struct RabbitMqPublisher {
    inbox: ShortString,
    link: Arc<Link>,
    limits: PublishLimits,
    slots: Semaphore,
    waiting: AtomicUsize,
}

/// What the publishing side and its supervisor share.
#[derive(Default)]
struct Link {
    live: ArcSwapOption<Live>,
    stop: CancellationToken,
    stopped: CancellationToken,
}

/// A session that takes messages.
struct Live {
    session: Session,
    blocked: AtomicBool,
    /// Cancelled by whoever finds that nothing this session said can be relied on any more.
    broken: CancellationToken,
}

impl RabbitMqPublisher {
    /// Connects in the background and stays connected until it is closed.
    pub(in crate::queue) fn open(
        urls: Vec<BrokerUrl>,
        topology: Topology,
        limits: PublishLimits,
        check: Check,
    ) -> Self {
        let link = Arc::new(Link::default());
        let inbox = topology.inbox.as_str().into();
        tokio::spawn(supervise(link.clone(), urls, topology, check));
        Self { inbox, link, slots: Semaphore::new(limits.in_flight), waiting: AtomicUsize::new(0), limits }
    }

    /// A place among those in flight, or among those who wait for one.
    async fn slot(&self) -> Result<SemaphorePermit<'_>, PublishError> {
        if let Ok(slot) = self.slots.try_acquire() {
            return Ok(slot);
        }
        let _queued = Queued::enter(&self.waiting, self.limits.waiting).ok_or(PublishError::Overloaded)?;
        self.slots.acquire().await.map_err(|_| PublishError::Unavailable)
    }

    async fn publish_on(&self, live: &Live, delivery: &Verified) -> Result<(), PublishError> {
        let delivery = delivery.delivery();
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let confirmed = async {
            let properties = message::properties(delivery);
            let channel = &live.session.channel;
            channel
                .basic_publish("".into(), self.inbox.clone(), options, &delivery.body, properties)
                .await?
                .await
        };
        let confirmation = tokio::select! {
            biased;
            () = live.broken.cancelled() => return Err(PublishError::Unavailable),
            confirmation = confirmed => confirmation,
        };
        match confirmation {
            // Another message of this session came back: which one is not certain, so none of them counts.
            Ok(Confirmation::Ack(None)) if live.broken.is_cancelled() => Err(PublishError::Unavailable),
            Ok(Confirmation::Ack(None)) => Ok(()),
            Ok(Confirmation::Nack(None)) => Err(PublishError::Refused("negative confirm".into())),
            Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_))) => {
                tracing::error!(queue = %self.inbox, "a message came back as unroutable: the queue is missing");
                live.broken.cancel();
                Err(PublishError::Refused("the queue is missing".into()))
            }
            Ok(Confirmation::NotRequested) => {
                live.broken.cancel();
                Err(PublishError::Refused("the channel is not in confirm mode".into()))
            }
            Err(error) => {
                tracing::debug!(error = explain(&error), "publish failed");
                live.broken.cancel();
                Err(PublishError::Unavailable)
            }
        }
    }
}

#[async_trait]
impl Publisher for RabbitMqPublisher {
    async fn publish(&self, delivery: Verified) -> Result<(), PublishError> {
        let attempt = async {
            self.link.usable()?;
            let _slot = self.slot().await?;
            // Asked again: the wait for the slot may have outlived the session.
            let live = self.link.usable()?;
            self.publish_on(&live, &delivery).await
        };
        timeout(self.limits.deadline, attempt).await.unwrap_or(Err(PublishError::TimedOut))
    }

    async fn close(&self) {
        self.link.stop.cancel();
        self.link.stopped.cancelled().await;
    }
}

impl Drop for RabbitMqPublisher {
    fn drop(&mut self) {
        self.link.stop.cancel();
    }
}

impl Link {
    fn usable(&self) -> Result<Arc<Live>, PublishError> {
        let live = self.live.load_full().ok_or(PublishError::Unavailable)?;
        if live.blocked.load(Ordering::Relaxed) {
            return Err(PublishError::Blocked);
        }
        Ok(live)
    }
}

/// Counts one who waits, for as long as it waits.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn enter(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let queued = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < most).then_some(queued)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Keeps one session alive, taking the brokers in turn, until told to stop.
async fn supervise(link: Arc<Link>, urls: Vec<BrokerUrl>, topology: Topology, check: Check) {
    let mut backoff = Backoff::reconnect();
    for url in urls.iter().cycle() {
        let opened =
            tokio::select! { () = link.stop.cancelled() => break, opened = open(url, &topology) => opened };
        match opened {
            Ok(live) => {
                let live = Arc::new(live);
                link.live.store(Some(live.clone()));
                check.pass();
                backoff.reset();
                let reason = watch(&live, &link.stop, &check).await;
                link.live.store(None);
                check.fail(reason.clone());
                live.broken.cancel();
                live.session.close().await;
                if !link.stop.is_cancelled() {
                    tracing::warn!(broker = %url, reason, "connection for publishing lost");
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, "cannot connect for publishing");
                check.fail(error.to_string());
            }
        }
        tokio::select! { () = link.stop.cancelled() => break, () = tokio::time::sleep(backoff.next_delay()) => {} }
    }
    link.stopped.cancel();
}

async fn open(url: &BrokerUrl, topology: &Topology) -> Result<Live, QueueError> {
    let session = Session::open(url, topology, "clerk-mirror ingest").await?;
    let confirms = session.channel.confirm_select(ConfirmSelectOptions::default());
    match timeout(CONFIRM_SELECT_TIMEOUT, confirms).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(QueueError(format!("{url}: {}", explain(&error)))),
        Err(_) => return Err(QueueError(format!("{url}: no answer within {CONFIRM_SELECT_TIMEOUT:?}"))),
    }
    Ok(Live { session, blocked: AtomicBool::new(false), broken: CancellationToken::new() })
}

/// Follows a session until it ends; says why it did.
async fn watch(live: &Live, stop: &CancellationToken, check: &Check) -> String {
    let mut events = live.session.events();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return "closed".into(),
            () = live.broken.cancelled() => return "a publish failed".into(),
            event = events.next() => event,
        };
        match event {
            Some(Event::ConnectionBlocked(reason)) => {
                tracing::warn!(reason, "the broker blocks publishing");
                live.blocked.store(true, Ordering::Relaxed);
                check.fail(format!("blocked by the broker: {reason}"));
            }
            Some(Event::ConnectionUnblocked) => {
                live.blocked.store(false, Ordering::Relaxed);
                check.pass();
            }
            Some(Event::Error(error)) => return explain(&error),
            Some(_) => {}
            None => return "connection closed".into(),
        }
    }
}
