//! A lane: takes a batch, applies it in one transaction, acknowledges it, takes the next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{
    delivery::Delivery,
    lifecycle::Backoff,
    queue::{Batch, Consumer},
};
use tokio::{sync::Notify, task::JoinError};
use tokio_util::sync::CancellationToken;

use crate::{
    apply::apply_batch,
    event::{Policy, Redacted},
    metrics::Metrics,
    store::{Store, StoreError},
};

/// While the database is away, consumption pauses and the batch in hand is tried again after these waits.
const RETRY: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

/// What a lane works with.
pub(crate) struct Lane {
    pub(crate) consumer: Box<dyn Consumer>,
    pub(crate) applier: Arc<Applier>,
    pub(crate) batch: usize,
    pub(crate) shutdown: CancellationToken,
}

impl Lane {
    /// Runs until the process stops; the batch in hand is finished first if the database lets it.
    pub(crate) async fn run(mut self) -> Result<(), JoinError> {
        let result = self.consume().await;
        self.consumer.close().await;
        result
    }

    async fn consume(&mut self) -> Result<(), JoinError> {
        loop {
            let batch = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return Ok(()),
                batch = self.consumer.receive(self.batch) => batch,
            };
            if !self.finish(batch).await? {
                return Ok(());
            }
        }
    }

    /// Applies and acknowledges a batch. False if the process stopped before the database could take it; then the
    /// queue delivers it again. An error is a panic: the process ends, and an event that does this to every worker it
    /// meets is taken out by the broker's delivery limit.
    async fn finish(&mut self, batch: Batch) -> Result<bool, JoinError> {
        let Batch { deliveries, receipt } = batch;
        let deliveries: Arc<[Delivery]> = deliveries.into();
        let mut retry = RETRY;
        while let Err(error) = self.applier.clone().apply_blocking(deliveries.clone()).await? {
            self.applier.metrics.retries.inc();
            let wait = retry.next_delay();
            tracing::warn!(%error, events = deliveries.len(), ?wait, "the database cannot take a batch now, trying again");
            tokio::select! {
                () = self.shutdown.cancelled() => return Ok(false),
                () = tokio::time::sleep(wait) => {}
            }
        }
        if let Err(error) = self.consumer.acknowledge(receipt).await {
            self.applier.metrics.unacknowledged.inc();
            tracing::warn!(%error, events = deliveries.len(), "a batch was applied but not acknowledged, it will come again");
        }
        Ok(true)
    }
}

/// Decodes and applies batches; what all lanes share.
pub(crate) struct Applier {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: Policy,
    pub(crate) metrics: Metrics,
    /// Told when connections have been given up.
    pub(crate) given_up: Notify,
}

impl Applier {
    /// Decoding and the database both block: they run beside the runtime's own threads. One that waits for an answer
    /// that never comes is left to itself: whatever it still does, to apply the batch once more does no harm.
    async fn apply_blocking(
        self: Arc<Self>,
        deliveries: Arc<[Delivery]>,
    ) -> Result<Result<(), StoreError>, JoinError> {
        let applier = self.clone();
        tokio::select! {
            applied = tokio::task::spawn_blocking(move || applier.apply(&deliveries)) => applied,
            () = self.given_up.notified() => Ok(Err(StoreError::Silent)),
        }
    }

    fn apply(&self, deliveries: &[Delivery]) -> Result<(), StoreError> {
        let started = Instant::now();
        self.metrics.busy.inc();
        let redacted: Vec<Redacted<'_>> = deliveries.iter().map(Redacted::new).collect();
        let entries: Vec<_> = redacted.iter().map(|redacted| redacted.entry(&self.policy)).collect();
        let outcomes = apply_batch(&*self.store, &entries);
        self.metrics.busy.dec();
        self.metrics.applied(&entries, &outcomes?, started.elapsed());
        Ok(())
    }
}
