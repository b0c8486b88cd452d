//! What is on the wire of RabbitMQ: an event in a message of its own, or several in one.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use harness::{Proxy, load, wait_until};
use lapin::{BasicProperties, types::AMQPValue};
use shared::{
    delivery::{Delivery, group},
    lifecycle::Process,
    queue::{ConsumerMetrics, Declare, QueueConfig, open_consumer},
    signature::Secret,
};

use crate::{
    backends::{Backends, Database, Queue},
    broker::{get, publish},
    deployment::{Ingest, PATIENCE, Worker, is_ready, metric},
    mirror::Mirror,
    signed::{SECRET, headers, now, request},
};

pub const GROUP: &str = "application/vnd.clerk-mirror.deliveries";
const EVENTS: usize = 640;

fn backends(hint: &str) -> Backends {
    Backends::new(Queue::RabbitMq, Database::Sqlite, hint)
}

pub fn user(number: usize) -> String {
    format!(
        r#"{{"data":{{"id":"user_{number}","object":"user","updated_at":1700000000000}},"object":"event","type":"user.created"}}"#
    )
}

pub fn delivery(svix_id: &str, body: &str) -> Delivery {
    Delivery {
        svix_id: svix_id.into(),
        svix_timestamp: now(),
        svix_signature: SECRET.parse::<Secret>().unwrap().sign(svix_id, now(), body.as_bytes()),
        received_at: now() * 1000,
        traceparent: None,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// Puts deliveries into the inbox as one message.
pub fn publish_group(backends: &Backends, deliveries: &[Delivery]) {
    publish(backends, group_properties(), &group::encode(deliveries.iter()));
}

/// The properties of a message that several deliveries share.
pub fn group_properties() -> BasicProperties {
    BasicProperties::default().with_content_type(GROUP.into()).with_delivery_mode(2)
}

#[test]
fn at_rest_an_event_is_a_plain_message_with_its_own_properties() {
    let backends = backends("plain");
    let ingest = Ingest::start(&backends);
    let (body, sent) = (user(1), now());
    let trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let signed = headers("msg_1", sent, body.as_bytes());
    let posted = request(&format!("{signed}{trace}"), body.as_bytes());
    assert_eq!(harness::http::request(ingest.address, posted).status, 200);

    let (properties, data) = get(&backends, &backends.inbox()).expect("the message is there");
    assert_eq!(data, body.as_bytes());
    assert_eq!(*properties.delivery_mode(), Some(2), "persistent");
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "msg_1");
    assert_eq!(properties.kind().as_ref().unwrap().as_str(), "user.created");
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    let headers = properties.headers().as_ref().unwrap().inner();
    let text = |name: &str| headers[name].as_long_string().unwrap().to_string();
    assert_eq!(headers["svix-timestamp"], AMQPValue::LongLongInt(sent));
    assert!(signed.contains(&text("svix-signature")));
    assert!(trace.contains(&text("traceparent")));
    assert!(headers["received-at"].as_long_long_int().unwrap() / 1000 - sent <= 60);
}

/// Accepts [`EVENTS`] events on many connections, over a network on which they cannot all have left at once.
fn accept_under_load(backends: &Backends, settings: &[(&str, &str)]) {
    accept_more_under_load(backends, settings, 0);
}

/// The same with events that are numbered from `first` on.
fn accept_more_under_load(backends: &Backends, settings: &[(&str, &str)], first: usize) {
    let mut slow = backends.clone();
    let (proxy, url) = Proxy::in_front_of(&backends.queue_url);
    slow.queue_url = url;
    let ingest = Ingest::start_unready(&slow, settings);
    wait_until("ingest is ready", PATIENCE, || is_ready(ingest.admin));
    proxy.delay(Duration::from_millis(20));
    let requests = (first..first + EVENTS).map(|number| {
        let (id, body) = (format!("msg_{number}"), user(number));
        String::from_utf8(request(&headers(&id, now(), body.as_bytes()), body.as_bytes()))
            .unwrap()
            .replace("Connection: close\r\n", "")
    });
    let report = load::run(ingest.address, 64, requests).unwrap();
    assert_eq!(report.statuses.into_iter().collect::<Vec<_>>(), [(200, EVENTS as u64)]);
}

fn assert_each_is_applied_once(backends: &Backends) {
    let _worker = Worker::start(backends);
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(EVENTS, PATIENCE);
    assert!(mirror.ledger().values().all(|row| row.outcome == "applied"));
}

#[test]
fn under_load_events_share_messages_and_each_is_applied_once() {
    let backends = backends("shared");
    accept_under_load(&backends, &[]);
    let messages = harness::rabbitmq().queue_depth(&backends.inbox()).unwrap() as usize;
    assert!(messages < EVENTS / 4, "{messages} messages");
    assert_each_is_applied_once(&backends);
}

#[test]
fn each_event_has_its_own_message_where_an_operator_wants_that() {
    let backends = backends("unshared");
    accept_under_load(&backends, &[("MESSAGE_EVENTS", "1")]);
    assert_eq!(harness::rabbitmq().queue_depth(&backends.inbox()).unwrap() as usize, EVENTS);
    assert_each_is_applied_once(&backends);
}

/// A few messages with many events each, then many with one each, and so on: how many are let come at once changes each time.
#[test]
fn nothing_comes_back_to_workers_that_live() {
    const PARTS: usize = 6;
    let backends = backends("comes_back");
    for part in 0..PARTS {
        let settings: &[_] = if part % 2 == 0 { &[] } else { &[("MESSAGE_EVENTS", "1")] };
        accept_more_under_load(&backends, settings, part * EVENTS);
    }
    let settings = [("LANES", "1"), ("BATCH", "50"), ("LINGER", "0ms")];
    let workers: Vec<_> = (0..3).map(|_| Worker::start_unready(&backends, &settings)).collect();
    wait_until("the workers are ready", PATIENCE, || workers.iter().all(|worker| is_ready(worker.admin)));
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(PARTS * EVENTS, PATIENCE);
    assert!(mirror.ledger().values().all(|row| row.outcome == "applied"));
    for worker in &workers {
        assert_eq!(metric(worker.admin, "clerk_mirror_worker_queue_redelivered_total"), Some(0.0));
    }
}

#[test]
fn what_cannot_be_applied_is_dead_alone_and_a_message_that_lies_is_accounted_for() {
    let backends = backends("dead_alone");
    let _worker = Worker::start(&backends);
    let deliveries =
        [delivery("msg_1", &user(1)), delivery("msg_2", "not json"), delivery("msg_3", &user(3))];
    publish_group(&backends, &deliveries);
    let lie = BasicProperties::default().with_content_type(GROUP.into());
    publish(&backends, lie, b"no group");

    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(4, PATIENCE);
    let ledger = mirror.ledger();
    let outcomes: Vec<_> = ledger.iter().map(|(id, row)| (&id[..5], &*row.outcome)).collect();
    assert_eq!(outcomes, [("msg_1", "applied"), ("msg_2", "dead"), ("msg_3", "applied"), ("sha25", "dead")]);
}

#[test]
fn of_events_that_share_a_message_only_the_one_that_kills_workers_is_taken_out() {
    const KILLS: &str = "msg_7";
    let backends = backends("kills");
    let config = QueueConfig::new(&backends.queue_url, &backends.namespace, Declare::Active).unwrap();
    let dead = backends.dead();
    // Declares the queues; with a worker about, the dead letter would be taken at once.
    drop(Worker::start(&backends));
    let deliveries: Vec<_> =
        (0..10).map(|number| delivery(&format!("msg_{number}"), &user(number))).collect();
    publish_group(&backends, &deliveries);

    // Workers take one message after another, and die of that event.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut applied = BTreeSet::new();
    let process = Process::new();
    let metrics = ConsumerMetrics::start(&process.registry).unwrap();
    wait_until("the broker takes the event out", 3 * PATIENCE, || {
        runtime.block_on(async {
            let check = process.readiness.check("queue");
            let mut consumer =
                open_consumer(&config, 10, metrics.clone(), check, process.shutdown.clone()).unwrap();
            let lives = async {
                loop {
                    let batch = consumer.receive(1).await.unwrap();
                    if batch.deliveries.iter().any(|delivery| delivery.svix_id == KILLS) {
                        return;
                    }
                    applied.extend(batch.deliveries.into_iter().map(|delivery| delivery.svix_id));
                    batch.receipt.acknowledge().await.unwrap();
                }
            };
            // Once the event is gone, nothing comes any more.
            let _ = tokio::time::timeout(Duration::from_secs(1), lives).await;
            consumer.close().await;
        });
        harness::rabbitmq().queue_depth(&dead) == Some(1)
    });
    let (properties, _) = get(&backends, &dead).expect("the event was taken out");
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), KILLS);
    let innocent: BTreeSet<_> =
        deliveries.into_iter().map(|delivery| delivery.svix_id).filter(|id| id != KILLS).collect();
    assert_eq!(applied, innocent);
}
