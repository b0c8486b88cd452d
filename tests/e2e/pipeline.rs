//! The main promise: whatever the order and however often, every event ends in the ledger once and the mirror is
//! what the same events give in order.

use harness::Process;

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker, metric},
    mirror::Mirror,
    send::{Traffic, assert_mirrors},
};

const EVENTS: usize = 1000;

fn delivered_through(backends: &Backends, workers: usize) {
    let ingest = Ingest::start(backends);
    let workers: Vec<Worker> = (0..workers).map(|_| Worker::start(backends)).collect();
    let traffic = Traffic { seed: 7, count: EVENTS };
    let mut send: Process = traffic.send(&ingest.url(), &["--duplicates", "10%", "--shuffle"]);
    assert!(send.wait(PATIENCE).success(), "{}", send.log());

    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(EVENTS, PATIENCE);
    assert_mirrors(&mut mirror, &traffic);
    let accepted = metric(ingest.admin, r#"clerk_mirror_ingest_requests_total{outcome="accepted"}"#);
    assert_eq!(accepted, Some((EVENTS + EVENTS / 10) as f64));
    drop(workers);
}

fn with_one_worker(backends: Backends) {
    delivered_through(&backends, 1);
}
on_every_backend!(with_one_worker);

fn with_three_workers(backends: Backends) {
    delivered_through(&backends, 3);
}
on_every_backend!(with_three_workers);
