//! What can be seen of the queue, and of a worker that cannot reach part of it.

use harness::{Proxy, wait_until};

use super::parcel::{Lock, Waiting, make_dead_letter, waiting};
use crate::{
    backends::{Backends, Database, Queue},
    deployment::{Ingest, PATIENCE, Worker, is_ready, metric},
    mirror::Mirror,
    signed::post,
    wire::user,
};

fn messages(worker: &Worker, queue: &str) -> f64 {
    metric(worker.admin, &format!(r#"clerk_mirror_queue_messages{{queue="{queue}"}}"#)).unwrap()
}

fn the_messages_that_wait_are_counted(backends: Backends) {
    drop(Worker::start(&backends));
    make_dead_letter(&backends, "msg_dead", &user(0));
    let ingest = Ingest::start(&backends);
    for number in 1..=5 {
        assert_eq!(post(ingest.address, &format!("msg_{number}"), user(number).as_bytes()).status, 200);
    }
    let lock = Lock::take(&backends);
    // One is applied, the next one waits for its turn; on RabbitMQ, a consumer begins with one alone.
    let one_at_a_time = [("MIGRATE", "never"), ("LANES", "1"), ("BATCH", "1")];
    let in_hand = if backends.queue_url.starts_with("sqlite") { 2 } else { 1 };
    let worker = Worker::start_unready(&backends, &one_at_a_time);
    wait_until("some are in hand", PATIENCE, || {
        waiting(&backends) == Waiting { inbox: 5 - in_hand, dead: 0 }
    });
    let shows =
        |inbox: f64, dead: f64| messages(&worker, "inbox") == inbox && messages(&worker, "dead") == dead;
    wait_until("the others are counted", PATIENCE, || {
        is_ready(worker.admin) && shows((5 - in_hand) as f64, 0.0)
    });
    drop(lock);
    Mirror::open(&backends.database_url).wait_for_ledger(6, PATIENCE);
    wait_until("nothing waits any more", PATIENCE, || shows(0.0, 0.0));
}
on_every_backend!(the_messages_that_wait_are_counted);

fn no_dead_letter_is_taken_while_the_database_is_away(queue: Queue) {
    let direct = Backends::new(queue, Database::Postgres, "undertaker_waits");
    drop(Worker::start(&direct));
    let mut backends = direct.clone();
    let (proxy, url) = Proxy::in_front_of(&direct.database_url);
    backends.database_url = url;
    proxy.cut();
    make_dead_letter(&backends, "msg_1", &user(1));
    let worker = Worker::start_unready(&backends, &[("MIGRATE", "never")]);
    wait_until("it has tried twice", PATIENCE, || {
        worker.process.log().matches("cannot take dead letters").count() == 2
    });
    assert_eq!(waiting(&backends).dead, 1);
    proxy.restore();
    let mut mirror = Mirror::open(&direct.database_url);
    mirror.wait_for_ledger(1, PATIENCE);
    assert_eq!(mirror.ledger()["msg_1"].object_id.as_deref(), Some("user_1"), "it was parsed");
}

#[test]
fn no_dead_letter_is_taken_while_the_database_is_away_on_rabbitmq() {
    no_dead_letter_is_taken_while_the_database_is_away(Queue::RabbitMq);
}

#[test]
fn no_dead_letter_is_taken_while_the_database_is_away_on_sqlite() {
    no_dead_letter_is_taken_while_the_database_is_away(Queue::Sqlite);
}

#[test]
fn connections_are_counted_and_what_cannot_be_told_is_not_a_number() {
    let mut backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "connections");
    let (proxy, url) = Proxy::in_front_of(&backends.queue_url);
    backends.queue_url = url;
    let worker = Worker::start(&backends);
    let count = |name: &str, queue: &str, label: &str| {
        metric(worker.admin, &format!(r#"clerk_mirror_worker_queue_{name}{{queue="{queue}",{label}}}"#))
            .unwrap()
    };
    let connected = |queue| count("connects_total", queue, r#"result="connected""#);
    wait_until("all are connected", PATIENCE, || {
        connected("inbox") == 1.0 && connected("dead") == 1.0 && messages(&worker, "inbox") == 0.0
    });
    proxy.cut();
    wait_until("the loss is noticed by all", PATIENCE, || {
        let lost = |queue| count("connections_lost_total", queue, r#"reason="closed""#);
        let failed = |queue| count("connects_total", queue, r#"result="failed""#);
        lost("inbox") == 1.0
            && lost("dead") == 1.0
            && failed("inbox") >= 1.0
            && failed("dead") >= 1.0
            && messages(&worker, "inbox").is_nan()
    });
    proxy.restore();
    wait_until("all are connected again", PATIENCE, || {
        connected("inbox") == 2.0 && connected("dead") == 2.0 && messages(&worker, "inbox") == 0.0
    });
}
