//! Keeps a session alive, taking the brokers in turn.

use std::sync::Arc;

use super::{
    Link,
    patience::Patience,
    session::{Loss, Session},
};
use crate::{
    lifecycle::{Backoff, Check},
    queue::{
        PublishLimits,
        metrics::{LossKind, PublisherMetrics, State},
        rabbitmq::{BrokerUrl, Topology},
    },
};

/// Runs until told to stop.
pub(super) async fn supervise(
    link: Arc<Link>,
    urls: Vec<BrokerUrl>,
    topology: Topology,
    limits: PublishLimits,
    metrics: PublisherMetrics,
    check: Check,
) {
    let mut backoff = Backoff::reconnect();
    let mut patience = Patience::new(urls.len());
    for (index, url) in urls.iter().enumerate().cycle() {
        let opening = Session::open(patience.with_connecting(), url, &topology, &limits, &metrics);
        let opened = tokio::select! { () = link.stop.cancelled() => break, opened = opening => opened };
        metrics.connect(opened.is_ok());
        match opened {
            Ok(mut session) => {
                tracing::info!(broker = %url, "connected for publishing");
                backoff.reset();
                patience.connected();
                link.live.store(Some(session.live()));
                metrics.state(State::Up);
                check.pass();
                let loss = tokio::select! {
                    () = link.stop.cancelled() => None,
                    loss = session.run(&patience, &check) => Some(loss),
                };
                link.live.store(None);
                metrics.state(State::Away);
                let Some(Loss { kind, reason }) = loss else {
                    check.fail("closed");
                    session.close().await;
                    break;
                };
                tracing::warn!(broker = %url, reason, "connection for publishing lost");
                metrics.lost(kind);
                if matches!(kind, LossKind::ConfirmTimeout) {
                    patience.gave_up();
                }
                check.fail(reason);
                // Beside the next attempt: a broker that no longer answers takes its time.
                tokio::spawn(session.close());
            }
            Err(error) => {
                tracing::warn!(%error, "cannot connect for publishing");
                check.fail(error.to_string());
                patience.cannot_connect();
                // The others first: only when none can be reached is there something to wait for.
                if index + 1 < urls.len() {
                    continue;
                }
            }
        }
        tokio::select! { () = link.stop.cancelled() => break, () = tokio::time::sleep(backoff.next_delay()) => {} }
    }
    link.stopped.cancel();
}
