//! How many messages wait, asked of the broker on a connection of its own: whatever goes wrong here, consuming goes on.

use std::{convert::Infallible, time::Duration};

use tokio::time::timeout;

use super::{BrokerUrl, Connected, Topology, explain};
use crate::{
    lifecycle::Backoff,
    queue::{ConsumerMetrics, QueueError},
};

const EVERY: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks again and again, one broker after another if need be.
pub(in crate::queue) async fn watch_backlog(
    urls: &[BrokerUrl],
    topology: &Topology,
    metrics: &ConsumerMetrics,
) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
    for url in urls.iter().cycle() {
        let Err(error) = watch(url, topology, metrics, &mut backoff).await;
        metrics.backlog(None);
        // The consumers say aloud that the broker is away.
        tracing::debug!(%error, "cannot tell how many messages wait");
        tokio::time::sleep(backoff.next_delay()).await;
    }
}

async fn watch(
    url: &BrokerUrl,
    topology: &Topology,
    metrics: &ConsumerMetrics,
    backoff: &mut Backoff,
) -> Result<Infallible, QueueError> {
    let connected = Connected::open(&url.frugal(), topology, "clerk-mirror worker (backlog)").await?;
    let failure = loop {
        match timeout(TIMEOUT, topology.waiting(&connected.channel)).await {
            Ok(Ok(waiting)) => metrics.backlog(Some(waiting)),
            Ok(Err(error)) => break explain(&error),
            Err(_) => break format!("no answer within {TIMEOUT:?}"),
        }
        backoff.reset();
        tokio::time::sleep(EVERY).await;
    };
    connected.close().await;
    Err(QueueError(format!("{url}: {failure}")))
}
