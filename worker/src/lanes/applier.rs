//! Decoding a round and applying it, each lane its share.

use std::{
    panic, thread,
    time::{Duration, Instant},
};

use shared::{delivery::Delivery, lifecycle::Backoff};
use tokio::{runtime::Handle, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    split::split,
    turns::{LaneSet, Turns},
};
use crate::{
    apply::apply_batch,
    event::{Entry, Redacted},
    store::StoreError,
    target::Target,
};

/// While the database is away, consumption pauses and the batch in hand is tried again after these waits.
const RETRY: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

/// Applies rounds.
pub(crate) struct Applier {
    pub(crate) target: Target,
    /// The most events in one transaction.
    pub(crate) batch: usize,
    pub(crate) lanes: LaneSet,
    pub(crate) shutdown: CancellationToken,
    pub(crate) runtime: Handle,
}

impl Applier {
    /// How many events make a round full. Shares are never quite equal: a little less than what would go into all lanes'
    /// transactions at once, so that none needs a second one for what is left over.
    pub(crate) fn round(&self) -> usize {
        (self.lanes.count() * self.batch * 7 / 8).max(1)
    }

    /// Applies a round. False if the process stopped before the database could take all of it. Blocks.
    pub(super) fn apply(&self, deliveries: &[Delivery], turns: &Turns) -> bool {
        let redacted: Vec<Redacted<'_>> = deliveries.iter().map(Redacted::new).collect();
        let entries = redacted.iter().map(|redacted| redacted.entry(&self.target.policy)).collect();
        match &*split(entries, self.lanes.count(), self.batch) {
            [whole] => turns.wait(self.lanes.next(), || self.apply_share(whole)),
            shares => self.apply_shares(shares, turns),
        }
    }

    /// Each lane applies its share on a thread of its own.
    fn apply_shares(&self, shares: &[Vec<Entry<'_>>], turns: &Turns) -> bool {
        thread::scope(|scope| {
            let lanes: Vec<_> = shares
                .iter()
                .enumerate()
                .map(|(lane, share)| scope.spawn(move || turns.wait(lane, || self.apply_share(share))))
                .collect();
            // The scope waits for those that are not asked any more.
            lanes.into_iter().all(|lane| lane.join().unwrap_or_else(|payload| panic::resume_unwind(payload)))
        })
    }

    fn apply_share(&self, share: &[Entry<'_>]) -> bool {
        share.chunks(self.batch).all(|batch| self.apply_batch(batch))
    }

    /// Applies a batch, however long it takes. False if the process stopped first.
    fn apply_batch(&self, batch: &[Entry<'_>]) -> bool {
        let mut retry = RETRY;
        while let Err(error) = self.try_batch(batch) {
            self.target.metrics.retries.inc();
            let wait = retry.next_delay();
            tracing::warn!(%error, events = batch.len(), ?wait, "the database cannot take a batch now, trying again");
            if self.stops_within(wait) {
                return false;
            }
        }
        true
    }

    fn try_batch(&self, batch: &[Entry<'_>]) -> Result<(), StoreError> {
        let started = Instant::now();
        self.target.metrics.busy.inc();
        let outcomes = apply_batch(&*self.target.store, batch);
        self.target.metrics.busy.dec();
        self.target.metrics.applied(batch, &outcomes?, started.elapsed());
        Ok(())
    }

    fn stops_within(&self, wait: Duration) -> bool {
        self.runtime.block_on(async {
            tokio::select! {
                () = self.shutdown.cancelled() => true,
                () = sleep(wait) => false,
            }
        })
    }
}
