//! From the queue into the database, in rounds.
//!
//! A round is what the intake finds in the queue. Its events are [`split`] among the lanes by what they are about, and
//! each lane applies its share in transactions on a connection of its own. So lanes never wait for each other's
//! row locks, as they would if each took whatever comes next: much of what happens within a second happens to the same
//! few users. A round is acknowledged once all of it is committed; meanwhile the next one is received and decoded.

mod applier;
mod intake;
mod split;
mod turns;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::FuturesOrdered};
use shared::{
    delivery::Delivery,
    queue::{Batch, Consumer, Receipt},
};
use tokio::{sync::mpsc, task::JoinError};
use tokio_util::sync::CancellationToken;

pub(crate) use applier::Applier;
use intake::{Intake, Round};
pub use split::split;
pub(crate) use turns::LaneSet;

/// One round is applied, and while they are full the next one is decoded meanwhile and waits for its turn.
const ROUNDS: u32 = 2;

/// What the lanes work with.
pub(crate) struct Lanes {
    pub(crate) consumer: Box<dyn Consumer>,
    pub(crate) applier: Applier,
    /// The least time from one round to the next, unless it was full.
    pub(crate) linger: Duration,
    /// For how long what the queue has sent already is still applied once the process stops.
    pub(crate) drain: Duration,
    pub(crate) shutdown: CancellationToken,
}

impl Lanes {
    /// Runs until the process stops; what the queue has sent by then is applied first, if there is time and the database
    /// lets it.
    ///
    /// An error is a panic: the process ends, and an event that does this to every worker it meets is taken out by the
    /// broker's delivery limit.
    pub(crate) async fn run(self) -> Result<(), JoinError> {
        let Self { consumer, applier, linger, drain, shutdown } = self;
        let intake = Intake::new(consumer, applier.round(), linger);
        // Never full: there are no more rounds than slots.
        let (sender, rounds) = mpsc::channel(ROUNDS as usize);
        let (mut consumer, applied) =
            tokio::join!(intake.run(sender, shutdown, drain), apply(Arc::new(applier), rounds));
        // After a panic nothing is given back in good order: the queue has to count what may have led to it.
        applied?;
        consumer.close().await;
        Ok(())
    }
}

/// Applies rounds as they come, and acknowledges them in their order: each acknowledgement includes those before it.
/// Ends early if the process stops before the database could take a round; then the queue delivers it again.
async fn apply(applier: Arc<Applier>, mut rounds: mpsc::Receiver<Round>) -> Result<(), JoinError> {
    let mut under_way = FuturesOrdered::new();
    loop {
        tokio::select! {
            biased;
            Some(receipt) = under_way.next() => {
                let Some(receipt) = receipt? else { return Ok(()) };
                acknowledge(&applier, receipt).await;
            }
            Some(round) = rounds.recv() => under_way.push_back(apply_round(applier.clone(), round)),
            else => return Ok(()),
        }
    }
}

/// What acknowledges the round, once it is applied; nothing if the process stopped first.
async fn apply_round(applier: Arc<Applier>, round: Round) -> Result<Option<Receipt>, JoinError> {
    let Round { batch: Batch { deliveries, receipt }, slot } = round;
    let deliveries: Arc<[Delivery]> = deliveries.into();
    loop {
        // Those that wait for an answer in vain keep their turns.
        let turns = applier.lanes.turns();
        let applied = applier
            .target
            .block({
                let (applier, deliveries, turns) = (applier.clone(), deliveries.clone(), turns.clone());
                move |_| Ok(applier.apply(&deliveries, &turns))
            })
            .await?;
        match applied {
            Ok(applied) => {
                drop(slot);
                return Ok(applied.then_some(receipt));
            }
            Err(error) => {
                applier.target.metrics.retries.inc();
                applier.lanes.give_up(&turns);
                tracing::warn!(%error, events = deliveries.len(), "a batch is applied once more");
            }
        }
    }
}

async fn acknowledge(applier: &Applier, receipt: Receipt) {
    if let Err(error) = receipt.acknowledge().await {
        applier.target.metrics.unacknowledged.inc();
        tracing::warn!(%error, "a batch was applied but not acknowledged, it will come again");
    }
}
