//! A worker under load, to whose database a test does something.

use std::{collections::BTreeMap, time::Instant};

use harness::{RabbitMq, Sender, wait_until};
use serde_json::Value;

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker, is_ready, metric},
    loss::load,
    mirror::{LedgerRow, Mirror},
};

/// As many events show that things go on, and not a single one by chance.
const SOME: f64 = 300.0;
const RETRIES: &str = "clerk_mirror_worker_retries_total";
const UNACKNOWLEDGED: &str = "clerk_mirror_worker_unacknowledged_batches_total";

/// A running edge, a running load and a running worker.
pub struct Trial {
    backends: Backends,
    /// The database without anything in front of it.
    direct: String,
    sender: Sender,
    worker: Worker,
    _ingest: Ingest,
}

impl Trial {
    /// Starts with nothing in front of the database; events have been applied when it returns.
    pub fn start(backends: Backends, settings: &[(&str, &str)]) -> Self {
        let direct = backends.database_url.clone();
        Self::start_behind(backends, direct, settings)
    }

    /// Starts with something in front of the database, which is at `direct`.
    pub fn start_behind(backends: Backends, direct: String, settings: &[(&str, &str)]) -> Self {
        let ingest = Ingest::start(&backends);
        let worker = Worker::start_unready(&backends, settings);
        wait_until("the worker is ready", PATIENCE, || is_ready(worker.admin));
        let sender = load::start(ingest.address);
        let trial = Self { backends, direct, sender, worker, _ingest: ingest };
        trial.until_applied();
        trial
    }

    /// How many events have been applied.
    fn applied(&self) -> f64 {
        load::applied(self.worker.admin)
    }

    /// Waits until some more events have been applied.
    #[track_caller]
    pub fn until_applied(&self) {
        let before = self.applied();
        wait_until("events are applied", PATIENCE, || self.applied() >= before + SOME);
    }

    /// Waits until so many events have been sent and accepted.
    #[track_caller]
    pub fn until_accepted(&self, events: usize) {
        wait_until("events are accepted", PATIENCE, || self.sender.tally().accepted >= events);
    }

    /// Does something, and waits until the worker has found so many times that the database cannot take a batch.
    #[track_caller]
    pub fn until_retried(&self, times: f64, disturb: impl FnOnce()) {
        let retries = || metric(self.worker.admin, RETRIES).expect("the worker counts retries");
        let before = retries();
        disturb();
        wait_until("the worker tries again", PATIENCE, || retries() >= before + times);
    }

    /// To be called when the fault has ended: waits until events are applied again.
    #[track_caller]
    pub fn until_recovered(&self) {
        let (over, before) = (Instant::now(), self.applied());
        wait_until("events are applied again", PATIENCE, || self.applied() > before);
        eprintln!("applying again {:.1?} after the fault was over", over.elapsed());
        self.until_applied();
    }

    /// Stops the load; every event must then have been applied, once, from its first delivery.
    #[track_caller]
    pub fn finish(self) {
        self.finish_with(|_| None);
    }

    /// Stops the load; every event must then have been accounted for once, from its first delivery: applied, or dead
    /// where `reason` says why it is.
    #[track_caller]
    pub fn finish_with(self, reason: impl Fn(usize) -> Option<String>) {
        let Self { backends, direct, sender, mut worker, .. } = self;
        let outcomes = sender.stop();
        let refused = outcomes.iter().find(|outcome| !outcome.is_accepted());
        assert_eq!(refused, None, "the queue has not failed");
        let mut mirror = Mirror::open(&direct);
        mirror.wait_for_ledger(outcomes.len(), PATIENCE);

        let ledger = mirror.ledger();
        let rows = mirror.rows();
        let mut mirrored = 0;
        for number in 0..outcomes.len() {
            let svix_id = load::svix_id(number);
            let row = ledger.get(&svix_id).unwrap_or_else(|| panic!("{svix_id} is not in the ledger"));
            let id = format!("user_{number}");
            let user = rows.get(&("users", id.clone()));
            if let Some(reason) = reason(number) {
                assert_eq!((&*row.outcome, row.error.as_ref()), ("dead", Some(&reason)), "{svix_id}");
                assert_eq!(user, None, "{id}");
            } else {
                assert_eq!((&*row.outcome, row.error.as_ref()), ("applied", None), "{svix_id}");
                let body: Value = serde_json::from_slice(&load::body(number)).unwrap();
                assert_eq!(user.and_then(|user| user.data.as_ref()), Some(&body["data"]), "{id}");
                mirrored += 1;
            }
        }
        assert_eq!(rows.len(), mirrored, "the mirror has rows that nobody sent");
        eprintln!("{:?}", tally(&ledger));

        let broker = RabbitMq::existing(&*backends.queue_url);
        let inbox = backends.inbox();
        wait_until("all is acknowledged", PATIENCE, || broker.queue_depth(&inbox) == Some(0));
        let dead_letters = broker.queue_depth(&format!("{}.dead", backends.namespace));
        assert_eq!(dead_letters, Some(0), "events were dead-lettered");
        assert_eq!(metric(worker.admin, UNACKNOWLEDGED), Some(0.0), "events were delivered again");
        worker.process.terminate();
        let status = worker.process.wait(PATIENCE);
        assert!(status.success(), "{status}; the log of the worker:\n{}", worker.process.log_tail());
        for sign in ["connection for consuming lost", "cannot connect for consuming", "came back again"] {
            assert!(!worker.process.log().contains(sign), "events were delivered again: {sign}");
        }
    }
}

fn tally(ledger: &BTreeMap<String, LedgerRow>) -> BTreeMap<&str, usize> {
    let mut tally = BTreeMap::new();
    for row in ledger.values() {
        *tally.entry(&*row.outcome).or_default() += 1;
    }
    tally
}
