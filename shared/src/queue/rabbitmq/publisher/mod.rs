//! Publishing with confirms, on a connection of its own.
//!
//! A delivery goes the same way each time: into the [line](line), out of it as part of a group (at rest a group of one), to
//! the broker as one message, and into the [flight](flight) until the broker has confirmed it. The
//! [supervisor](supervisor) makes a session after another; each has a line of its own, so nobody waits in the line of
//! a session that is gone.

mod flight;
mod line;
mod patience;
mod refusals;
mod session;
mod supervisor;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::{line::Entrance, supervisor::supervise};
use super::{BrokerUrl, Topology};
use crate::{
    lifecycle::Check,
    queue::{PublishError, PublishLimits, Publisher, metrics::PublisherMetrics},
    signature::Verified,
};

/// Publishes to the inbox, each message confirmed before it counts.
pub struct RabbitMqPublisher {
    link: Arc<Link>,
    limits: PublishLimits,
}

/// What the publishing side and its supervisor share.
#[derive(Default)]
struct Link {
    live: ArcSwapOption<Live>,
    stop: CancellationToken,
    stopped: CancellationToken,
}

/// A session that takes deliveries.
struct Live {
    entrance: Entrance,
    blocked: AtomicBool,
}

impl RabbitMqPublisher {
    /// Connects in the background and stays connected until it is closed.
    pub(in crate::queue) fn open(
        urls: Vec<BrokerUrl>,
        topology: Topology,
        limits: PublishLimits,
        metrics: PublisherMetrics,
        check: Check,
    ) -> Self {
        let link = Arc::new(Link::default());
        tokio::spawn(supervise(link.clone(), urls, topology, limits.clone(), metrics, check));
        Self { link, limits }
    }
}

#[async_trait]
impl Publisher for RabbitMqPublisher {
    async fn publish(&self, delivery: Verified) -> Result<(), PublishError> {
        let confirmed = {
            let live = self.link.live.load();
            let live = live.as_ref().ok_or(PublishError::Unavailable)?;
            if live.blocked.load(Ordering::Relaxed) {
                return Err(PublishError::Blocked);
            }
            live.entrance.enter(delivery.into_delivery())?
        };
        match timeout(self.limits.deadline, confirmed).await {
            Ok(Ok(result)) => result,
            // The session ended, and with it everything that was in its line or in flight.
            Ok(Err(_)) => Err(PublishError::Unavailable),
            Err(_) => Err(PublishError::TimedOut),
        }
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
