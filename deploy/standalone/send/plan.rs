//! What is to be sent, where and how.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use shared::signature::Secret;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    client::{Courier, Sender, Target},
    order::{Delivery, Order},
    pace::Pace,
    percent::Percent,
    progress::Progress,
    summary::{Summary, Tally},
    world::{Dice, Event, INSTANCE_ID, START, World},
};

/// So many deliveries are made ready before they can be sent.
const READY: usize = 256;
/// The draws of the first connection; each has its own.
const CONNECTIONS: u64 = 1 << 32;

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where events are sent.
    pub target: Target,
    /// What they are signed with.
    pub secret: Secret,
    /// The world they come from.
    pub seed: u64,
    /// When that world begins, in milliseconds since 1970.
    pub start: i64,
    /// The instance they name.
    pub instance_id: String,
    /// Only events of these types; of all types if there is none.
    pub types: Vec<&'static str>,
    /// So many distinct events.
    pub count: u64,
    /// This share of them a second time.
    pub duplicates: Percent,
    /// In any order.
    pub shuffle: bool,
    /// Over so many connections at once.
    pub concurrency: usize,
    /// So many requests a second; as fast as it goes if there is none.
    pub rate: Option<f64>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often a delivery is tried again.
    pub retries: u32,
}

impl Plan {
    /// A thousand events of the first world, in order, as fast as it goes.
    pub fn new(target: Target, secret: Secret) -> Self {
        Self {
            target,
            secret,
            seed: 1,
            start: START,
            instance_id: INSTANCE_ID.to_owned(),
            types: Vec::new(),
            count: 1_000,
            duplicates: Percent::default(),
            shuffle: false,
            concurrency: 16,
            rate: None,
            timeout: Duration::from_secs(15),
            retries: 3,
        }
    }

    /// The distinct events of the run, in the order in which they happened.
    pub fn events(&self) -> impl Iterator<Item = Event> + use<> {
        let world = World::in_instance(self.seed, &self.instance_id, self.start);
        let world = if self.types.is_empty() { world } else { world.only(self.types.clone()) };
        world.take(usize::try_from(self.count).unwrap_or(usize::MAX))
    }

    /// How many deliveries that makes.
    pub fn deliveries(&self) -> u64 {
        self.count + self.order().repeats()
    }

    fn order(&self) -> Order {
        Order { count: self.count, duplicates: self.duplicates, shuffle: self.shuffle, seed: self.seed }
    }
}

/// Sends all of it.
pub async fn send(plan: Plan) -> anyhow::Result<Summary> {
    send_until(plan, CancellationToken::new(), Progress::hidden()).await
}

/// Sends until all is sent or `stop` says so. What is under way then is brought to its end.
pub async fn send_until(plan: Plan, stop: CancellationToken, progress: Progress) -> anyhow::Result<Summary> {
    let (feed, deliveries) = async_channel::bounded(READY);
    let arranged = plan.order().arrange(plan.events());
    // Making events is work for a thread of its own; it ends when nobody takes them any more.
    let feeding = tokio::task::spawn_blocking(move || {
        for delivery in arranged {
            if feed.send_blocking(delivery).is_err() {
                return;
            }
        }
    });

    let courier = Arc::new(Courier {
        target: plan.target,
        secret: plan.secret,
        timeout: plan.timeout,
        retries: plan.retries,
    });
    let pace = Arc::new(Pace::new(plan.rate));
    let started = tokio::time::Instant::now();
    let mut connections = JoinSet::new();
    for number in 0..plan.concurrency as u64 {
        let sender = Sender::new(Arc::clone(&courier), Dice::new(plan.seed, CONNECTIONS + number));
        let work = work(sender, deliveries.clone(), Arc::clone(&pace), stop.clone(), progress.clone());
        connections.spawn(work);
    }
    drop(deliveries);

    let mut tally = Tally::default();
    while let Some(ended) = connections.join_next().await {
        tally.merge(ended.context("a connection's task failed")?);
    }
    let elapsed = started.elapsed();
    feeding.await.context("making events failed")?;
    progress.finish();
    Ok(Summary::new(plan.count, &tally, elapsed))
}

/// One connection's work: delivery after delivery.
async fn work(
    mut sender: Sender,
    deliveries: async_channel::Receiver<Delivery>,
    pace: Arc<Pace>,
    stop: CancellationToken,
    progress: Progress,
) -> Tally {
    let next = async || {
        let delivery = deliveries.recv().await.ok()?;
        pace.wait().await;
        Some(delivery)
    };
    while let Some(Some(delivery)) = stop.run_until_cancelled(next()).await {
        sender.deliver(&delivery, &stop).await;
        progress.advance();
    }
    sender.into_tally()
}
