//! Reading the queue out, as a worker does.

use std::{collections::HashSet, time::Duration};

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::BigInt};
use harness::{QueueState, RabbitMq, wait_until};
use shared::{
    delivery::Delivery,
    lifecycle::Process,
    queue::{ConsumerMetrics, Declare, QueueConfig, open_consumer},
};
use tokio::{runtime::Runtime, time::timeout};

use crate::{backends::Backends, deployment::PATIENCE};

const PREFETCH: usize = 500;
/// Nothing is concluded from a silence: it only ends a look at the queue.
const SILENCE: Duration = Duration::from_millis(500);

/// A queue, and what has been taken from it so far.
pub struct Inbox {
    backends: Backends,
    runtime: Runtime,
    taken: Vec<Delivery>,
}

impl Inbox {
    /// Of these backends.
    pub fn new(backends: Backends) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { backends, runtime: runtime.unwrap(), taken: Vec::new() }
    }

    /// Takes at least `enough` deliveries if there are so many.
    pub fn take(&mut self, enough: usize) {
        let config =
            QueueConfig::new(&self.backends.queue_url, &self.backends.namespace, Declare::Passive).unwrap();
        let enough = self.taken.len().saturating_add(enough);
        let taken = &mut self.taken;
        self.runtime.block_on(async {
            let process = Process::new();
            let metrics = ConsumerMetrics::start(&process.registry).unwrap();
            let check = process.readiness.check("inbox");
            let mut consumer =
                open_consumer(&config, PREFETCH, metrics, check, process.shutdown.clone()).unwrap();
            while taken.len() < enough {
                let before = redelivered(&process);
                let Ok(Some(mut batch)) = timeout(SILENCE, consumer.receive(PREFETCH)).await else {
                    break;
                };
                if redelivered(&process) > before {
                    // An acknowledgement on its way when the consumer leaves may come to nothing. Who publishes twice is not
                    // excused by that: such a message has not come before.
                    let known: HashSet<&str> = taken.iter().map(|delivery| &*delivery.svix_id).collect();
                    batch.deliveries.retain(|delivery| !known.contains(&*delivery.svix_id));
                }
                taken.extend(batch.deliveries);
                timeout(PATIENCE, batch.receipt.acknowledge()).await.unwrap().unwrap();
            }
            consumer.close().await;
        });
    }

    /// How many deliveries have been taken.
    pub fn taken(&self) -> usize {
        self.taken.len()
    }

    /// Takes all there is, of a queue to which nothing is added any more.
    pub fn take_all(mut self) -> Vec<Delivery> {
        wait_until("the queue is empty", PATIENCE, || {
            self.take(usize::MAX);
            self.is_empty()
        });
        self.taken
    }

    /// Whether the queue holds nothing: nothing ready, nothing delivered and not acknowledged.
    fn is_empty(&self) -> bool {
        let Some(file) = self.backends.queue_url.strip_prefix("sqlite:") else {
            let broker = RabbitMq::existing(&*self.backends.queue_url);
            let inbox = self.backends.inbox();
            let state = || broker.queue_state(&inbox).expect("the queue is there");
            // What a consumer has not acknowledged is ready again when the queue knows that the consumer is gone.
            wait_until("the consumer is gone", PATIENCE, || state().consumers == 0);
            return state() == QueueState { ready: 0, consumers: 0 };
        };
        deliveries(file) == 0
    }
}

/// How many messages have come that had come before.
fn redelivered(process: &Process) -> f64 {
    let families = process.registry.gather();
    let family =
        families.iter().find(|family| family.name() == "clerk_mirror_worker_queue_redelivered_total");
    family.and_then(|family| family.get_metric().first()).expect("registered").get_counter().get_value()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn deliveries(file: &str) -> i64 {
    let mut connection = SqliteConnection::establish(file).unwrap();
    let count = "SELECT count(*) AS count FROM deliveries";
    diesel::sql_query(count).get_result::<Count>(&mut connection).unwrap().count
}
