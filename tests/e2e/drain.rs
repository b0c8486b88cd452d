//! Stopping: what has been begun is finished, nobody is refused, and nothing can hold it up for ever.

use std::collections::BTreeSet;

use harness::{Proxy, http::Connection, load, rabbitmq, wait_until};
use lapin::types::AMQPValue;

use crate::{
    backends::{Backends, Database, Queue},
    broker::get,
    deployment::{Ingest, PATIENCE, Worker, is_ready, metric, readiness},
    mirror::Mirror,
    signed::{SECRET, headers, now, request},
    steady::Steady,
};

const BODY: &[u8] = br#"{"data":{"id":"user_1","updated_at":1},"timestamp":1,"type":"user.created"}"#;
const RESTARTS: usize = 5;

fn ingest(backends: &Backends, more: &[(&str, &str)]) -> Ingest {
    let ingest = Ingest::start_unready(backends, more);
    wait_until("ingest is ready", PATIENCE, || is_ready(ingest.admin));
    ingest
}

fn on_sqlite(hint: &str) -> Backends {
    Backends::new(Queue::Sqlite, Database::Sqlite, hint)
}

fn head(svix_id: &str) -> String {
    let (headers, length) = (headers(svix_id, now(), BODY), BODY.len());
    format!("POST /webhooks/clerk HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n")
}

fn whole(svix_id: &str) -> Vec<u8> {
    [head(svix_id).as_bytes(), BODY].concat()
}

fn in_flight(ingest: &Ingest) -> Option<f64> {
    metric(ingest.admin, "clerk_mirror_ingest_in_flight")
}

/// A load balancer in front of one `ingest` after another, each stopped while the load goes on.
fn rolling_restarts(backends: &Backends) {
    // As long as an answer may take here: every connection must be told once to go elsewhere.
    let vars = [("DRAIN_DELAY", "2s")];
    let mut serving = ingest(backends, &vars);
    let balancer = Proxy::start(serving.address);
    let steady = Steady::start(balancer.address(), 6, SECRET);
    for _ in 0..RESTARTS {
        steady.wait_for_a_round();
        let next = ingest(backends, &vars);
        balancer.switch_to(next.address);
        serving.process.terminate();
        wait_until("readiness turns false first", PATIENCE, || {
            serving.process.exited().is_some() || !is_ready(serving.admin)
        });
        assert!(serving.process.wait(PATIENCE).success());
        serving = next;
    }
    steady.wait_for_a_round();
    let tally = steady.finish();
    assert_eq!(tally.failures, [] as [&str; 0]);
    assert_eq!(tally.reopened, RESTARTS * 6, "each connection moves once in a restart");

    // Everything that was accepted is in the queue, exactly once.
    let worker = Worker::start(backends);
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(tally.accepted.len(), PATIENCE);
    let accepted: BTreeSet<String> = tally.accepted.into_iter().collect();
    assert_eq!(mirror.ledger().into_keys().collect::<BTreeSet<_>>(), accepted);
    let events = |outcome| {
        let name = format!(r#"clerk_mirror_worker_events_total{{outcome="{outcome}",type="user.created"}}"#);
        metric(worker.admin, &name).unwrap()
    };
    wait_until("the worker has counted", PATIENCE, || events("applied") >= accepted.len() as f64);
    assert_eq!((events("applied"), events("duplicate")), (accepted.len() as f64, 0.0));
}

#[test]
fn rolling_restarts_under_load_lose_and_double_nothing_on_rabbitmq() {
    rolling_restarts(&Backends::new(Queue::RabbitMq, Database::Sqlite, "rolling"));
}

/// Two processes write to one queue file while one takes over from the other.
#[test]
fn rolling_restarts_under_load_lose_and_double_nothing_on_sqlite() {
    rolling_restarts(&on_sqlite("rolling"));
}

#[test]
fn a_request_that_is_half_here_is_finished_and_answered() {
    let mut ingest = ingest(&on_sqlite("half"), &[]);
    let mut connection = Connection::open(ingest.address);
    connection.send(head("msg_1"));
    connection.send(&BODY[..10]);
    wait_until("the request is being worked on", PATIENCE, || in_flight(&ingest) == Some(1.0));
    ingest.process.terminate();
    wait_until("it stops", PATIENCE, || readiness(ingest.admin).text().contains("stopping"));
    connection.send(&BODY[10..]);
    let response = connection.receive();
    assert_eq!((response.status, response.header("connection")), (200, Some("close")));
    connection.wait_closed();
    assert!(ingest.process.wait(PATIENCE).success());
}

#[test]
fn until_the_delay_is_over_everybody_is_served_and_told_to_go_elsewhere() {
    let mut ingest = ingest(&on_sqlite("delay"), &[("DRAIN_DELAY", "1h"), ("SHUTDOWN_TIMEOUT", "2h")]);
    let mut before = Connection::open(ingest.address);
    before.send(whole("msg_1"));
    let response = before.receive();
    assert_eq!((response.status, response.header("connection")), (200, None));

    ingest.process.terminate();
    wait_until("it is not ready", PATIENCE, || readiness(ingest.admin).status == 503);
    for mut connection in [before, Connection::open(ingest.address)] {
        connection.send(whole("msg_2"));
        let response = connection.receive();
        assert_eq!((response.status, response.header("connection")), (200, Some("close")));
        connection.wait_closed();
    }
    let mut elsewhere = Connection::open(ingest.address);
    elsewhere.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let response = elsewhere.receive();
    assert_eq!((response.status, response.header("connection")), (404, Some("close")));

    // Who cannot wait asks twice.
    ingest.process.terminate();
    assert_eq!(ingest.process.wait(PATIENCE).code(), Some(130));
}

#[test]
fn idle_connections_hold_nothing_up() {
    let mut ingest = ingest(&on_sqlite("idle"), &[("SHUTDOWN_TIMEOUT", "1h")]);
    let (mut used, mut unused) = (Connection::open(ingest.address), Connection::open(ingest.address));
    used.send(whole("msg_1"));
    assert_eq!(used.receive().status, 200);
    ingest.process.terminate();
    used.wait_closed();
    unused.wait_closed();
    assert!(ingest.process.wait(PATIENCE).success());
}

#[test]
fn a_confirm_that_never_comes_holds_it_up_no_longer_than_allowed() {
    let mut backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "frozen");
    let (proxy, url) = Proxy::in_front_of(&backends.queue_url);
    backends.queue_url = url;
    let mut ingest = ingest(&backends, &[("PUBLISH_TIMEOUT", "1h"), ("SHUTDOWN_TIMEOUT", "3s")]);
    proxy.freeze();
    let mut connection = Connection::open(ingest.address).deadline(PATIENCE);
    connection.send(whole("msg_1"));
    wait_until("the request is being worked on", PATIENCE, || in_flight(&ingest) == Some(1.0));
    ingest.process.terminate();
    let answer = connection.try_receive().map(|response| response.status);
    assert!(matches!(answer, Ok(503) | Err(_)), "{answer:?} to what is not durable");
    assert_eq!(ingest.process.wait(PATIENCE).code(), Some(1));
}

#[test]
fn a_database_that_never_answers_holds_a_worker_up_no_longer_than_allowed() {
    let mut backends = Backends::new(Queue::Sqlite, Database::Postgres, "frozen_database");
    let (proxy, url) = Proxy::in_front_of(&backends.database_url);
    backends.database_url = url;
    let mut worker = Worker::start_unready(&backends, &[("SHUTDOWN_TIMEOUT", "1s")]);
    wait_until("the worker is ready", PATIENCE, || is_ready(worker.admin));
    proxy.freeze();
    wait_until("the worker notices", PATIENCE, || !is_ready(worker.admin));
    worker.process.terminate();
    worker.process.wait(PATIENCE);
}

/// Workers replace each other while there is more in the queue than one of them is ever sent.
#[test]
fn rolling_restarts_of_workers_apply_nothing_twice_and_give_nothing_back() {
    const EVENTS: usize = 4000;
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "rolling_workers");
    let edge = ingest(&backends, &[("MESSAGE_EVENTS", "1")]);
    let posts = (0..EVENTS).map(|number| {
        let post = request(&headers(&format!("msg_{number}"), now(), BODY), BODY);
        String::from_utf8(post).unwrap().replace("Connection: close\r\n", "")
    });
    assert_eq!(load::run(edge.address, 16, posts).unwrap().statuses[&200], EVENTS as u64);

    for _ in 0..3 {
        // Ten at most are on their way to a worker.
        let mut worker = Worker::start_unready(&backends, &[("LANES", "2"), ("BATCH", "5")]);
        wait_until("the worker has begun", PATIENCE, || {
            is_ready(worker.admin)
                && metric(worker.admin, "clerk_mirror_worker_batch_events_count") > Some(0.0)
        });
        worker.process.terminate();
        assert!(worker.process.wait(PATIENCE).success());
        let applied = Mirror::open(&backends.database_url).ledger().len();
        // What has been applied has been acknowledged, and nothing else.
        let left = rabbitmq().queue_depth(&backends.inbox()).unwrap() as usize;
        assert_eq!(applied + left, EVENTS);
    }
    let (properties, _) = get(&backends, &backends.inbox()).expect("there is more than the workers took");
    let headers = properties.headers().as_ref().unwrap().inner();
    let given_back = headers.get("x-delivery-count").and_then(AMQPValue::as_long_long_int);
    assert_eq!(given_back.unwrap_or_default(), 0);
}
