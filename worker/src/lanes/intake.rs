//! Taking rounds from the queue, no faster than they are applied.

use std::{sync::Arc, time::Duration};

use shared::queue::{Batch, Consumer};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::ROUNDS;

/// What is applied together.
pub(super) struct Round {
    pub(super) batch: Batch,
    /// The next round is taken once this is dropped: until then its events gather in the queue.
    pub(super) slot: OwnedSemaphorePermit,
}

/// The way from the queue to the lanes.
pub(super) struct Intake {
    consumer: Box<dyn Consumer>,
    slots: Arc<Semaphore>,
    /// So many events make a round full.
    full: usize,
    linger: Duration,
    /// No round begins before.
    not_before: Instant,
    /// Whether the last round was full.
    flooded: bool,
}

impl Intake {
    pub(super) fn new(consumer: Box<dyn Consumer>, full: usize, linger: Duration) -> Self {
        let slots = Arc::new(Semaphore::new(ROUNDS as usize));
        Self { consumer, slots, full, linger, not_before: Instant::now(), flooded: false }
    }

    /// Passes rounds on until nobody takes them any more, or until the process stops and what the queue has sent by then
    /// is passed on too, as far as `drain` suffices. Gives the consumer back, because rounds are yet to be acknowledged.
    pub(super) async fn run(
        mut self,
        rounds: mpsc::Sender<Round>,
        shutdown: CancellationToken,
        drain: Duration,
    ) -> Box<dyn Consumer> {
        let too_late = async {
            shutdown.cancelled().await;
            sleep(drain).await;
        };
        tokio::select! {
            () = self.pass_on(&rounds, &shutdown) => {}
            () = rounds.closed() => {}
            () = too_late => {}
        }
        self.consumer
    }

    async fn pass_on(&mut self, rounds: &mpsc::Sender<Round>, shutdown: &CancellationToken) {
        while let Ok(slot) = self.slot().await {
            shutdown.run_until_cancelled(sleep_until(self.not_before)).await;
            let Some(batch) = self.consumer.receive(self.full).await else { return };
            self.flooded = batch.deliveries.len() >= self.full;
            if !self.flooded {
                self.not_before = Instant::now() + self.linger;
            }
            let _ = rounds.send(Round { batch, slot }).await;
        }
    }

    /// Waits until a round may be taken. Two small ones at once would cost the database as much as two large ones, so what
    /// comes while a small one is applied is the next.
    async fn slot(&mut self) -> Result<OwnedSemaphorePermit, AcquireError> {
        if !self.flooded {
            drop(self.slots.acquire_many(ROUNDS).await?);
        }
        self.slots.clone().acquire_owned().await
    }
}
