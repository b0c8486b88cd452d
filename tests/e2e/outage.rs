//! Broker or database away: nothing is acknowledged that is not durable, nothing is dropped, all goes on by itself.

use harness::{Proxy, wait_until};

use crate::{
    backends::{Backends, Database, Queue},
    broker::{declare_small, delete_inbox},
    deployment::{Ingest, PATIENCE, Worker, is_ready},
    mirror::Mirror,
    signed::post,
};

fn event(number: usize) -> Vec<u8> {
    format!(
        r#"{{"data":{{"id":"user_{number}","updated_at":17000000000{number:02}}},"timestamp":17000000000{number:02},"type":"user.created"}}"#
    )
    .into_bytes()
}

#[test]
fn without_a_broker_ingest_starts_refuses_and_recovers() {
    let mut backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "broker_away");
    let (proxy, url) = Proxy::in_front_of(&backends.queue_url);
    backends.queue_url = url;
    proxy.cut();
    let ingest = Ingest::start_unready(&backends, &[]);
    let response = post(ingest.address, "msg_0", &event(0));
    assert_eq!((response.status, response.text()), (503, r#"{"error":"queue_unavailable"}"#));
    assert!(response.header("retry-after").is_some());
    assert!(!is_ready(ingest.admin));

    proxy.restore();
    wait_until("ingest finds the broker", PATIENCE, || is_ready(ingest.admin));
    assert_eq!(post(ingest.address, "msg_1", &event(1)).status, 200);

    proxy.cut();
    wait_until("ingest notices the loss", PATIENCE, || !is_ready(ingest.admin));
    assert_eq!(post(ingest.address, "msg_2", &event(2)).status, 503);
    proxy.restore();
    wait_until("ingest finds the broker again", PATIENCE, || is_ready(ingest.admin));
    assert_eq!(post(ingest.address, "msg_2", &event(2)).status, 200);

    // Exactly what was answered with 200 is in the queue.
    let _worker = Worker::start(&backends);
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(2, PATIENCE);
    assert_eq!(mirror.ledger().into_keys().collect::<Vec<_>>(), ["msg_1", "msg_2"]);
}

#[test]
fn a_worker_waits_for_its_broker() {
    let mut backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "worker_broker_away");
    let ingest = Ingest::start(&backends);
    let (proxy, url) = Proxy::in_front_of(&backends.queue_url);
    proxy.cut();
    backends.queue_url = url;
    let worker = Worker::start_unready(&backends, &[]);
    assert_eq!(post(ingest.address, "msg_1", &event(1)).status, 200);
    proxy.restore();
    wait_until("the worker finds the broker", PATIENCE, || is_ready(worker.admin));
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(1, PATIENCE);
    proxy.cut();
    wait_until("the worker notices the loss", PATIENCE, || !is_ready(worker.admin));
    assert_eq!(post(ingest.address, "msg_2", &event(2)).status, 200);
    proxy.restore();
    mirror.wait_for_ledger(2, PATIENCE);
}

#[test]
fn a_worker_waits_for_its_database_and_drops_nothing() {
    let mut backends = Backends::new(Queue::RabbitMq, Database::Postgres, "database_away");
    let direct = backends.database_url.clone();
    let (proxy, url) = Proxy::in_front_of(&backends.database_url);
    backends.database_url = url;
    proxy.cut();
    let ingest = Ingest::start(&backends);
    let worker = Worker::start_unready(&backends, &[]);
    assert_eq!(post(ingest.address, "msg_0", &event(0)).status, 200);
    wait_until("the worker answers", PATIENCE, || crate::deployment::answers(worker.admin));
    assert!(!is_ready(worker.admin));

    proxy.restore();
    wait_until("the worker finds the database", PATIENCE, || is_ready(worker.admin));
    let mut mirror = Mirror::open(&direct);
    mirror.wait_for_ledger(1, PATIENCE);

    for round in 0..3 {
        proxy.cut();
        for number in 1..=20 {
            let number = round * 20 + number;
            assert_eq!(post(ingest.address, &format!("msg_{number}"), &event(number)).status, 200);
        }
        wait_until("the worker notices the loss", PATIENCE, || !is_ready(worker.admin));
        proxy.restore();
        mirror.wait_for_ledger(1 + (round + 1) * 20, PATIENCE);
    }
    assert!(mirror.ledger().values().all(|row| row.outcome == "applied"), "{:?}", mirror.ledger());
}

#[test]
fn a_queue_that_vanishes_takes_no_acknowledged_event_with_it() {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "queue_deleted");
    let ingest = Ingest::start(&backends);
    assert_eq!(post(ingest.address, "msg_0", &event(0)).status, 200);
    delete_inbox(&backends);

    // The first to find out is told no; then the queue is declared anew.
    let refused = post(ingest.address, "msg_1", &event(1));
    assert_eq!((refused.status, refused.text()), (503, r#"{"error":"queue_refused"}"#));
    assert!(!ingest.process.log().contains("returned us a message"), "it is logged with its body");
    wait_until("ingest is ready again", PATIENCE, || is_ready(ingest.admin));
    wait_until("the queue is there again", PATIENCE, || {
        post(ingest.address, "msg_1", &event(1)).status == 200
    });
    let _worker = Worker::start(&backends);
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(1, PATIENCE);
    assert!(mirror.ledger().contains_key("msg_1"));
}

#[test]
fn a_full_queue_is_a_refusal_and_what_was_accepted_is_in_it() {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "queue_full");
    declare_small(&backends, 5);
    let ingest = Ingest::start_unready(&backends, &[("DECLARE", "passive")]);
    wait_until("ingest finds the queue", PATIENCE, || is_ready(ingest.admin));

    let mut accepted = Vec::new();
    let mut refused = 0;
    let mut number = 0;
    wait_until("the queue is full", PATIENCE, || {
        let id = format!("msg_{number:03}");
        number += 1;
        match post(ingest.address, &id, &event(number % 100)) {
            response if response.status == 200 => accepted.push(id),
            response => {
                assert_eq!((response.status, response.text()), (503, r#"{"error":"queue_refused"}"#));
                refused += 1;
            }
        }
        refused == 3
    });
    assert!(is_ready(ingest.admin), "a full queue is no reason to reconnect");
    let worker = Worker::start_unready(&backends, &[("DECLARE", "passive")]);
    wait_until("the worker is ready", PATIENCE, || is_ready(worker.admin));
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(accepted.len(), PATIENCE);
    assert_eq!(mirror.ledger().into_keys().collect::<Vec<_>>(), accepted);
}

#[test]
fn an_operators_queues_are_not_made_behind_his_back() {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "passive");
    let ingest = Ingest::start_unready(&backends, &[("DECLARE", "passive")]);
    wait_until("ingest says what is missing", PATIENCE, || {
        let readiness = crate::deployment::readiness(ingest.admin);
        readiness.status == 503 && readiness.text().contains("NOT_FOUND")
    });
    assert_eq!(post(ingest.address, "msg_1", &event(1)).status, 503);
    declare_small(&backends, 5);
    wait_until("ingest finds the queue", PATIENCE, || is_ready(ingest.admin));
    assert_eq!(post(ingest.address, "msg_1", &event(1)).status, 200);
}
