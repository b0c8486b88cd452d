//! Everything that can be put into a queue, with good events in between: each message ends in the ledger, with a reason if it
//! is dead, and harms neither the worker nor the good ones.

use std::{collections::BTreeSet, process::Command};

use harness::{binaries, proc_stat, wait_until};
use lapin::BasicProperties;
use shared::delivery::{Delivery, group};

use super::{
    groups,
    message::{Ends, Message, Row, properties_of},
    mutated, plain,
};
use crate::{
    backends::{Backends, Database, Queue},
    broker::publish_all,
    deployment::{PATIENCE, Worker, is_ready, metric},
    letters::parcel::waiting,
    mirror::Mirror,
    wire::{delivery, group_properties, user},
};

/// As large as a message may be for RabbitMQ 4, nearly.
const LARGEST: usize = 15 << 20;
pub const MEGABYTE: usize = 1 << 20;
/// More than a worker needs for anything the edge puts into a message.
const MOST_MEMORY: u64 = 64 << 20;

/// A worker, and all that was put into its queues.
struct Trial {
    backends: Backends,
    worker: Worker,
    /// Whether the worker checks signatures.
    checked: bool,
    expected: Vec<(&'static str, Row)>,
    good: usize,
    /// How many say of themselves that they have come back.
    came_back: usize,
}

impl Trial {
    fn start(database: Database, hint: &str) -> Self {
        let backends = Backends::new(Queue::RabbitMq, database, hint);
        let worker = Worker::start(&backends);
        Self { backends, worker, checked: true, expected: Vec::new(), good: 0, came_back: 0 }
    }

    /// With a worker that does not ask who has signed an event.
    fn start_unchecked(database: Database, hint: &str) -> Self {
        let backends = Backends::new(Queue::RabbitMq, database, hint);
        let worker = Worker::start_unready(&backends, &[("CLERK_WEBHOOK_SECRET", "")]);
        wait_until("the worker is ready", PATIENCE, || is_ready(worker.admin));
        Self { backends, worker, checked: false, expected: Vec::new(), good: 0, came_back: 0 }
    }

    /// Puts messages into a queue, and good events into the inbox before each of them.
    fn put(&mut self, queue: &str, messages: Vec<Message>) {
        let mut all = Vec::new();
        for message in messages {
            all.extend(self.good_ones());
            self.came_back += usize::from(queue == self.backends.inbox() && message.comes_back() > 0);
            let Message { what, properties, body, rows } = message;
            all.push((queue.to_owned(), properties, body));
            self.expected.extend(rows.into_iter().map(|row| (what, row)));
        }
        publish_all(&self.backends, all);
    }

    /// Two more good events, each in a message of its own or both in one.
    fn good_ones(&mut self) -> Vec<(String, BasicProperties, Vec<u8>)> {
        let good = [1, 2].map(|number| {
            let number = self.good + number;
            delivery(&format!("msg_good_{number}"), &user(10_000 + number))
        });
        self.good += good.len();
        let row = |event: &Delivery| ("good", Row { id: event.svix_id.clone(), ends: Ends::Applied });
        self.expected.extend(good.iter().map(row));
        let inbox = self.backends.inbox();
        if self.good.is_multiple_of(3) {
            return vec![(inbox, group_properties(), group::encode(good.iter()))];
        }
        good.map(|event| (inbox.clone(), properties_of(&event, &[]), event.body.to_vec())).into()
    }

    /// Waits until all of it is accounted for, holds the ledger against what was put in, and says how much memory that took.
    #[track_caller]
    fn finish(mut self) -> u64 {
        let mut mirror = Mirror::open(&self.backends.database_url);
        // Some have the same content, and so the same name.
        let ids: BTreeSet<_> = self.expected.iter().map(|(_, row)| &row.id).collect();
        wait_until("all are in the ledger", 2 * PATIENCE, || mirror.ledger_len() >= ids.len());
        wait_until("the queues are empty", PATIENCE, || waiting(&self.backends).all() == 0);
        // What nobody knows the age of is not at once too old to be kept.
        let mut maintain = Command::new(&binaries().worker);
        maintain.arg("maintain").env("DATABASE_URL", &self.backends.database_url);
        let maintained = maintain.output().unwrap();
        assert!(maintained.status.success(), "{maintained:?}");
        let ledger = mirror.ledger();
        let strays = ledger.iter().filter(|(id, _)| !ids.contains(id));
        let mut wrong: Vec<_> = strays.map(|(id, row)| format!("nobody sent {id}: {row:?}")).collect();
        for (what, row) in &self.expected {
            let found = ledger.get(&row.id).map(|row| (&*row.outcome, row.error.as_deref()));
            if !found.is_some_and(|(outcome, reason)| row.ends.is(outcome, reason, self.checked)) {
                wrong.push(format!("{what}, {}: {found:?} instead of {:?}", row.id, row.ends));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let log = self.worker.process.log();
        assert!(is_ready(self.worker.admin) && self.worker.process.exited().is_none(), "{log}");
        let redelivered = metric(self.worker.admin, "clerk_mirror_worker_queue_redelivered_total");
        // To take one alone, the others are told to wait; what is on its way for long, being large, comes back once. And where
        // one is fetched next, RabbitMQ writes its own count over the stranger's.
        let said = self.came_back as f64;
        assert!(
            redelivered.is_some_and(|count| (said.min(1.0)..=2.0 * said).contains(&count)),
            "{redelivered:?}: {log}"
        );
        assert!(!log.contains("panicked"), "{log}");
        proc_stat(self.worker.process.pid()).peak_rss_bytes
    }
}

/// Messages of every kind, the largest of them of about so many bytes.
fn messages(largest: usize) -> Vec<Message> {
    plain::messages(largest).into_iter().chain(groups::messages(largest)).collect()
}

#[test]
fn strangers_messages_in_the_inbox_on_postgres() {
    let mut trial = Trial::start(Database::Postgres, "strangers_inbox");
    trial.put(&trial.backends.inbox(), messages(LARGEST));
    trial.finish();
}

#[test]
fn strangers_messages_in_the_inbox_on_sqlite_unchecked() {
    let mut trial = Trial::start_unchecked(Database::Sqlite, "strangers_inbox");
    trial.put(&trial.backends.inbox(), messages(MEGABYTE));
    trial.finish();
}

#[test]
fn strangers_messages_among_the_dead_letters() {
    let mut trial = Trial::start(Database::Postgres, "strangers_dead");
    trial.put(&trial.backends.dead(), messages(LARGEST).into_iter().map(Message::given_up).collect());
    trial.finish();
}

#[test]
fn messages_of_which_a_little_becomes_very_much() {
    let mut trial = Trial::start(Database::Postgres, "bombs");
    let before = proc_stat(trial.worker.process.pid()).peak_rss_bytes;
    trial.put(&trial.backends.inbox(), groups::bombs(1));
    let given_up = groups::bombs(2).into_iter().map(Message::given_up);
    trial.put(&trial.backends.dead(), given_up.collect());
    let after = trial.finish();
    assert!(after < before + MOST_MEMORY, "{before} bytes resident at most, then {after}");
}

#[test]
fn groups_that_were_changed_at_random() {
    let mut trial = Trial::start(Database::Postgres, "mutated");
    trial.put(&trial.backends.inbox(), mutated::messages(1));
    trial.finish();
}
