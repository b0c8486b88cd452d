//! The connection of a consumer is cut while it has much to do.

use harness::{Proxy, rabbitmq, wait_until_async};
use lapin::BasicProperties;
use shared::{
    lifecycle::Process,
    queue::{Batch, Consumer, ConsumerMetrics, Declare, QueueConfig, open_consumer},
};
use tokio::{task::spawn_blocking, time::timeout};

use crate::{
    backends::{Backends, Database, Queue},
    broker::{declare_small, publish},
    deployment::PATIENCE,
};

const MESSAGES: usize = 60;
const IN_HAND: usize = 50;

async fn receive(consumer: &mut dyn Consumer, enough: usize) -> Batch {
    let received = timeout(PATIENCE, consumer.receive(enough)).await;
    received.expect("something is received").expect("nobody stops")
}

/// Behind the messages that have come there is the error, and behind that nothing. All of it is there to be taken at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_behind_messages_that_have_come_is_not_overlooked() {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "loss_consumer");
    let inbox = backends.inbox();
    let (proxy, url) = Proxy::in_front_of(&backends.queue_url);
    spawn_blocking(move || {
        declare_small(&backends, 1000);
        for number in 0..=MESSAGES {
            publish(&backends, BasicProperties::default(), number.to_string().as_bytes());
        }
    })
    .await
    .unwrap();
    let process = Process::new();
    let metrics = ConsumerMetrics::start(&process.registry).unwrap();
    let check = process.readiness.check("inbox");
    let config = QueueConfig::new(&url, inbox.trim_end_matches(".inbox"), Declare::Passive).unwrap();
    let mut consumer = open_consumer(&config, MESSAGES, metrics, check, process.shutdown.clone()).unwrap();

    // The first is fetched alone; when it is acknowledged, the others are let come.
    receive(&mut *consumer, 1).await.receipt.acknowledge().await.unwrap();
    let mut in_hand = Vec::new();
    while in_hand.len() < IN_HAND {
        in_hand.push(receive(&mut *consumer, 1).await);
    }
    wait_until_async("all have come", PATIENCE, async || {
        let inbox = inbox.clone();
        spawn_blocking(move || rabbitmq().queue_depth(&inbox)).await.unwrap() == Some(0)
    })
    .await;
    proxy.cut();
    wait_until_async("the cut is known here", PATIENCE, async || {
        let batch = in_hand.pop().expect("one cannot be acknowledged");
        batch.receipt.acknowledge().await.is_err()
    })
    .await;
    let rest = receive(&mut *consumer, MESSAGES).await;
    assert_eq!(rest.deliveries.len(), MESSAGES - IN_HAND);
    drop((rest, in_hand));

    proxy.restore();
    receive(&mut *consumer, 1).await;
}
