//! Workers that really end, each time with the event in hand.

use harness::wait_until;

use super::parcel::{Lock, kill_in_the_act, kill_with_a_letter_in_hand, make_dead_letter, waiting};
use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker, metric},
    mirror::Mirror,
    signed::post,
    wire::user,
};

/// More than either queue allows.
const ENOUGH: usize = 60;

fn dead_letters(worker: &Worker, cause: &str) -> f64 {
    metric(worker.admin, &format!(r#"clerk_mirror_worker_dead_letters_total{{cause="{cause}"}}"#)).unwrap()
}

fn an_event_that_ends_every_worker_is_dead_and_the_others_are_applied(backends: Backends) {
    // Makes the schema.
    drop(Worker::start(&backends));
    let ingest = Ingest::start(&backends);
    // One after the other ends every worker that is applying it; those behind them fall with them.
    let killers = ["msg_killer_1", "msg_killer_2"];
    for (number, id) in killers.into_iter().chain(["msg_3", "msg_4", "msg_5"]).enumerate() {
        assert_eq!(post(ingest.address, id, user(number + 1).as_bytes()).status, 200);
    }
    let lock = Lock::take(&backends);
    let mut killed = 0;
    while waiting(&backends).dead < 2 {
        assert!(killed < ENOUGH, "they come again and again");
        kill_in_the_act(&backends);
        killed += 1;
    }
    drop(lock);

    let mut worker = Worker::start(&backends);
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(5, PATIENCE);
    for (id, row) in mirror.ledger() {
        if !killers.contains(&&*id) {
            assert_eq!(row.outcome, "applied", "{id}");
            continue;
        }
        assert_eq!((&*row.outcome, row.event_type.as_deref()), ("dead", Some("user.created")));
        assert!(row.error.as_deref().unwrap().contains("(delivery_limit)"), "{row:?}");
        let body = user(id[11..].parse().unwrap());
        assert_eq!(row.payload.as_deref(), Some(&*body), "it can be looked at, and replayed");
    }
    wait_until("they are counted", PATIENCE, || dead_letters(&worker, "delivery_limit") == 2.0);
    // Stopped, a worker gives back whatever it has not acknowledged.
    worker.process.terminate();
    assert!(worker.process.wait(PATIENCE).success());
    assert_eq!(waiting(&backends).all(), 0);
}
on_every_backend!(an_event_that_ends_every_worker_is_dead_and_the_others_are_applied);

fn a_dead_letter_that_ends_a_worker_again_is_not_parsed_any_more(backends: Backends) {
    let secret = r#"{"data":{"id":"user_1","backup_codes":["SECRET-1"]},"type":"user.created"}"#;
    let mut mirror = {
        let (ingest, _worker) = (Ingest::start(&backends), Worker::start(&backends));
        let dated = user(3).replace(r#""object":"event""#, r#""timestamp":1700000000000"#);
        assert_eq!(post(ingest.address, "msg_known", dated.as_bytes()).status, 200);
        let mut mirror = Mirror::open(&backends.database_url);
        mirror.wait_for_ledger(1, PATIENCE);
        wait_until("the worker has acknowledged", PATIENCE, || waiting(&backends).all() == 0);
        mirror
    };
    for (index, (id, body)) in
        [("msg_plain", &*user(2)), ("msg_secret", secret), ("msg_known", secret)].into_iter().enumerate()
    {
        make_dead_letter(&backends, id, body);
        let lock = Lock::take(&backends);
        kill_with_a_letter_in_hand(&backends);
        drop(lock);
        let worker = Worker::start(&backends);
        wait_until("it is accounted for", PATIENCE, || {
            ["unknown", "delivery_limit"].iter().map(|cause| dead_letters(&worker, cause)).sum::<f64>() == 1.0
        });
        wait_until("the queue is empty", PATIENCE, || waiting(&backends).all() == 0);
        assert_eq!(mirror.ledger_len(), (index + 2).min(3));
    }
    let ledger = mirror.ledger();
    let row = |id: &str| {
        let row = &ledger[id];
        (&*row.outcome, row.event_type.as_deref(), row.object_id.as_deref(), row.payload.as_deref())
    };
    assert_eq!(row("msg_plain"), ("dead", Some("user.created"), None, Some(&*user(2))));
    assert_eq!(row("msg_secret"), ("dead", Some("user.created"), None, None));
    assert!(ledger["msg_secret"].error.as_deref().unwrap().contains("nothing of it was parsed"));
    assert!(!mirror.dump().contains("SECRET-1"));
    assert_eq!(ledger["msg_known"].outcome, "applied", "the ledger had it already");
}
on_every_backend!(a_dead_letter_that_ends_a_worker_again_is_not_parsed_any_more);
