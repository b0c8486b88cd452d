//! What operators and strangers do on RabbitMQ.

use harness::wait_until;
use lapin::BasicProperties;

use super::parcel::waiting;
use crate::{
    backends::{Backends, Database, Queue},
    broker::publish_to,
    deployment::{Ingest, PATIENCE, Worker, is_ready, metric},
    mirror::Mirror,
    signed::post,
    wire::{GROUP, delivery, publish_group, user},
};

fn backends(hint: &str) -> Backends {
    Backends::new(Queue::RabbitMq, Database::Postgres, hint)
}

fn ctl(args: &[&str]) {
    let output = harness::rabbitmq().ctl(args);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_an_operators_policy_takes_out_is_dead_event_by_event() {
    let backends = backends("expired");
    let mut mirror = {
        let (ingest, mut worker) = (Ingest::start(&backends), Worker::start(&backends));
        assert_eq!(post(ingest.address, "msg_1", user(1).as_bytes()).status, 200);
        let mut mirror = Mirror::open(&backends.database_url);
        mirror.wait_for_ledger(1, PATIENCE);
        // In good order, so that it acknowledges first: RabbitMQ lets a quorum queue's messages expire at its head alone, and
        // one that came back there, from before the policy, never does.
        worker.process.terminate();
        assert!(worker.process.wait(PATIENCE).success());
        mirror
    };
    let (name, pattern) = (backends.inbox(), format!("^{}$", backends.inbox().replace('.', "\\.")));
    ctl(&["set_policy", &name, &pattern, r#"{"message-ttl":1}"#, "--apply-to", "queues"]);
    // Of many frames, and not to be compressed much.
    let not_json: String = (0..40_000).map(|number| format!("{:x}", number * 7919 % 65_521)).collect();
    let deliveries = [delivery("msg_1", &user(1)), delivery("msg_2", &not_json), delivery("msg_3", &user(3))];
    publish_group(&backends, &deliveries);
    wait_until("the message expires", PATIENCE, || waiting(&backends).dead == 1);
    ctl(&["clear_policy", &name]);

    let worker = Worker::start(&backends);
    mirror.wait_for_ledger(3, PATIENCE);
    let ledger = mirror.ledger();
    assert_eq!(ledger["msg_1"].outcome, "applied", "the ledger had it already");
    for (id, words) in [("msg_2", "not JSON"), ("msg_3", "longer than the broker's policy allows")] {
        let row = &ledger[id];
        let error = row.error.as_deref().unwrap();
        assert!(row.outcome == "dead" && error.contains("(expired)") && error.contains(words), "{row:?}");
    }
    assert_eq!(ledger["msg_3"].object_id.as_deref(), Some("user_3"));
    let expired = r#"clerk_mirror_worker_dead_letters_total{cause="expired"}"#;
    wait_until("they are counted", PATIENCE, || metric(worker.admin, expired) == Some(3.0));
}

#[test]
fn strangers_messages_end_in_the_ledger_and_do_not_come_again() {
    let backends = backends("strangers");
    let worker = Worker::start(&backends);
    let dead = backends.dead();
    let group = || BasicProperties::default().with_content_type(GROUP.into());
    publish_to(&backends, &dead, BasicProperties::default(), b"whatever this is");
    publish_to(&backends, &dead, group(), b"no group of ours");
    let forged = delivery("msg_1", &user(1));
    let unsigned = BasicProperties::default().with_message_id("msg_forged".into());
    publish_to(&backends, &dead, unsigned, &forged.body);

    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(3, PATIENCE);
    wait_until("nothing is left", PATIENCE, || waiting(&backends).dead == 0);
    let rows: Vec<_> = mirror.ledger().into_values().collect();
    assert!(rows.iter().all(|row| row.outcome == "dead"), "{rows:?}");
    let errors: Vec<_> = rows.iter().map(|row| row.error.as_deref().unwrap()).collect();
    for words in
        ["no word of how it came there", "in an unknown version (16 bytes)", "not the one that was signed"]
    {
        assert!(errors.iter().any(|error| error.contains(words)), "{words}: {errors:?}");
    }
    let payloads: Vec<_> = rows.iter().map(|row| row.payload.as_deref().unwrap_or_default()).collect();
    assert!(
        payloads.contains(&"whatever this is") && !payloads.contains(&"no group of ours"),
        "{payloads:?}"
    );
    assert!(is_ready(worker.admin));
}

/// Who may not read the dead letters is told so, and applies events all the same.
#[test]
fn a_worker_that_cannot_reach_the_dead_letters_is_ready_and_applies() {
    let mut backends = backends("forbidden");
    let ingest = Ingest::start(&backends);
    let (user_name, inbox) = (backends.namespace.clone(), backends.inbox());
    ctl(&["add_user", &user_name, "guest"]);
    ctl(&["set_permissions", &user_name, ".*", ".*", &format!("^{}$", inbox.replace('.', "\\."))]);
    backends.queue_url = backends.queue_url.replace("//guest:", &format!("//{user_name}:"));
    let worker = Worker::start(&backends);
    let failed = r#"clerk_mirror_worker_queue_connections_lost_total{queue="dead",reason="closed"}"#;
    wait_until("it is refused", PATIENCE, || metric(worker.admin, failed) >= Some(1.0));
    wait_until("it says so", PATIENCE, || worker.process.log().contains("cannot take dead letters"));
    assert_eq!(post(ingest.address, "msg_1", user(1).as_bytes()).status, 200);
    Mirror::open(&backends.database_url).wait_for_ledger(1, PATIENCE);
    assert!(is_ready(worker.admin));
}
