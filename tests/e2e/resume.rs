//! A consumer that loses its connection while it has messages in hand.

use std::{collections::BTreeSet, time::Duration};

use harness::Proxy;
use shared::{
    lifecycle::Process,
    queue::{ConsumerMetrics, Declare, QueueConfig, open_consumer},
};
use tokio::time::{sleep, timeout};

use crate::{
    backends::{Backends, Database, Queue},
    broker::{declare_small, publish},
    deployment::PATIENCE,
    wire::{delivery, user},
};

const MESSAGES: usize = 40;
const BATCH: usize = 500;
/// Messages that are in hand when the connection is lost; the others have come and not been taken.
const IN_HAND: usize = 20;

#[test]
fn what_had_come_and_what_was_in_hand_comes_again() {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "resume");
    declare_small(&backends, i64::MAX);
    let sent: BTreeSet<String> = (0..MESSAGES).map(|number| format!("msg_{number}")).collect();
    for svix_id in &sent {
        let delivery = delivery(svix_id, &user(1));
        let properties = lapin::BasicProperties::default().with_message_id(svix_id.as_str().into());
        publish(&backends, properties, &delivery.body);
    }
    let (proxy, url) = Proxy::in_front_of(&backends.queue_url);
    let config = QueueConfig::new(&url, &backends.namespace, Declare::Passive).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let process = Process::new();
        let metrics = ConsumerMetrics::start(&process.registry).unwrap();
        let check = process.readiness.check("inbox");
        let mut consumer = open_consumer(&config, BATCH, metrics, check, process.shutdown.clone()).unwrap();
        // The first is taken alone, before the others come.
        drop(timeout(PATIENCE, consumer.receive(1)).await.unwrap());
        let mut in_hand = Vec::new();
        for _ in 0..IN_HAND {
            in_hand.push(timeout(PATIENCE, consumer.receive(1)).await.unwrap().unwrap().receipt);
        }
        proxy.cut();
        loop {
            let receipt = in_hand.pop().expect("the loss of the connection is noticed");
            if receipt.acknowledge().await.is_err() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        drop(in_hand);
        proxy.restore();

        let mut acknowledged = BTreeSet::new();
        while acknowledged != sent {
            let batch = timeout(PATIENCE, consumer.receive(1)).await.expect("they come again").unwrap();
            let ids: Vec<_> = batch.deliveries.into_iter().map(|delivery| delivery.svix_id).collect();
            if batch.receipt.acknowledge().await.is_ok() {
                acknowledged.extend(ids);
            }
        }
        consumer.close().await;
    });
}
