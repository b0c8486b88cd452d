//! `kill -9` of either half, at any time: nothing is lost, nothing is doubled.

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker},
    mirror::Mirror,
    send::{Traffic, assert_mirrors},
};

const EVENTS: usize = 1500;
/// How many events are in the ledger when a half is killed the next time.
const KILL_EVERY: usize = 300;

fn killing_both_halves_again_and_again(backends: Backends) {
    let mut ingest = Ingest::start(&backends);
    let mut worker = Worker::start(&backends);
    let traffic = Traffic { seed: 11, count: EVENTS };
    // Like Svix, the sender tries again what was not answered. It sends slowly enough for every kill to hit traffic.
    let more =
        ["--rate", "400", "--concurrency", "8", "--retries", "1000", "--shuffle", "--duplicates", "5%"];
    let mut send = traffic.send(&ingest.url(), &more);

    let mut mirror = Mirror::open(&backends.database_url);
    for round in 1..EVENTS / KILL_EVERY {
        harness::wait_until("events are applied", PATIENCE, || mirror.ledger_len() >= round * KILL_EVERY);
        worker.process.kill9();
        ingest.restart(&backends);
        worker = Worker::start(&backends);
    }
    assert!(send.wait(PATIENCE).success(), "{}", send.log());
    mirror.wait_for_ledger(EVENTS, PATIENCE);
    assert_mirrors(&mut mirror, &traffic);
}
on_every_backend!(killing_both_halves_again_and_again);
