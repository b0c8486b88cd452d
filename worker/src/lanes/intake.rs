//! Taking rounds from the queue, no faster than they are applied.

use std::{sync::Arc, time::Duration};

use shared::queue::{Batch, Consumer};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
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
}

impl Intake {
    pub(super) fn new(consumer: Box<dyn Consumer>, full: usize, linger: Duration) -> Self {
        let slots = Arc::new(Semaphore::new(ROUNDS));
        Self { consumer, slots, full, linger, not_before: Instant::now() }
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
        while let Ok(slot) = self.slots.clone().acquire_owned().await {
            shutdown.run_until_cancelled(sleep_until(self.not_before)).await;
            let Some(batch) = self.consumer.receive(self.full).await else { return };
            if batch.deliveries.len() < self.full {
                self.not_before = Instant::now() + self.linger;
            }
            let _ = rounds.send(Round { batch, slot }).await;
        }
    }
}
