//! Taking rows under a lease, removing them once they are applied.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::holder::Holder;
use crate::{
    lifecycle::{Backoff, Check},
    queue::{Batch, Consumer, ConsumerMetrics, QueueError},
};

/// How soon a new delivery is seen. SQLite tells nobody of changes; looking costs a few microseconds.
const POLL: Duration = Duration::from_millis(5);

/// Takes batches from the file.
pub struct SqliteConsumer {
    holder: Holder,
    metrics: ConsumerMetrics,
    check: Check,
    backoff: Backoff,
    stop: CancellationToken,
}

impl SqliteConsumer {
    pub(in crate::queue) fn open(
        path: &Path,
        metrics: ConsumerMetrics,
        check: Check,
        stop: CancellationToken,
    ) -> Result<Self, QueueError> {
        let holder = Holder::open(path)?;
        check.pass();
        Ok(Self { holder, metrics, check, backoff: Backoff::reconnect(), stop })
    }
}

#[async_trait]
impl Consumer for SqliteConsumer {
    async fn receive(&mut self, enough: usize) -> Option<Batch> {
        while !self.stop.is_cancelled() {
            let wait = match self.holder.take(move |leases| leases.take(enough)).await {
                Ok(Some(taken)) => {
                    self.check.pass();
                    self.backoff.reset();
                    self.metrics.redelivered(taken.again);
                    if taken.is_suspect() {
                        tracing::warn!("a delivery came back again and again, taking it alone");
                        self.metrics.suspect();
                    }
                    let receipt = self.holder.receipt(taken.rows);
                    return Some(Batch { deliveries: taken.deliveries, receipt });
                }
                Ok(None) => POLL,
                Err(error) => {
                    tracing::error!(error = %error, "cannot take deliveries");
                    self.check.fail(error.to_string());
                    self.backoff.next_delay()
                }
            };
            self.stop.run_until_cancelled(sleep(wait)).await;
        }
        None
    }

    async fn close(&mut self) {
        if let Err(error) = self.holder.release().await {
            tracing::warn!(error = %error, "leases were not given back; they run out by themselves");
        }
    }
}
