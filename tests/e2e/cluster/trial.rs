//! An edge and workers on a cluster, under load, to which a test does something.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use harness::{Cluster, Outcome, Pace, Process, QueueState, Sender, Tally, postgres, wait_until};
use serde_json::Value;

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker, is_ready, metric},
    loss::{
        account::{Allowed, Found, settle},
        load,
    },
    mirror::Mirror,
};

/// Events all the time, and not more than a busy machine with three brokers can take.
const PACE: Pace = Pace { connections: 16, every: Duration::from_millis(80) };
const WORKERS: usize = 2;
/// As many events show that things go on, and not a single one by chance.
const SOME: usize = 100;
const A_FEW: usize = 20;
/// The longest time without an accepted event where a majority stands; on a quiet machine it is a fraction of this.
const LONGEST_GAP: Duration = Duration::from_secs(15);
/// Whatever a broker without a leader or a majority answers with.
const CODES: &[&str] = &["queue_unavailable", "queue_refused", "queue_timeout"];

/// A running cluster, a running edge and running workers.
pub struct Trial {
    pub cluster: Cluster,
    backends: Backends,
    ingest: Ingest,
    workers: Vec<Worker>,
    mirror: Mirror,
    load: Option<Sender>,
    /// Of the loads before.
    outcomes: Vec<Outcome>,
    started: Instant,
}

impl Trial {
    /// Starts everything, and waits until all nodes have the queues for good.
    pub fn start() -> Self {
        let started = Instant::now();
        let cluster = Cluster::start().unwrap();
        let backends = Backends {
            queue_url: cluster.urls(),
            namespace: "clerk".to_owned(),
            database_url: postgres().fresh_database("cluster"),
        };
        let ingest = Ingest::start(&backends);
        let workers: Vec<Worker> = (0..WORKERS).map(|_| Worker::start_unready(&backends, &[])).collect();
        for worker in &workers {
            wait_until("the worker is ready", PATIENCE, || is_ready(worker.admin));
        }
        cluster.wait_until_on_disk(&backends.inbox());
        cluster.wait_until_on_disk(&backends.dead());
        let mirror = Mirror::open(&backends.database_url);
        let trial =
            Self { cluster, backends, ingest, workers, mirror, load: None, outcomes: Vec::new(), started };
        trial.say("all runs");
        trial
    }

    /// Does something to the cluster that leaves a majority of it standing all the time.
    #[track_caller]
    pub fn with_a_majority(&mut self, what: &str, fault: impl FnOnce(&mut Self)) {
        let gap = self.under_load(what, fault);
        assert!(gap < LONGEST_GAP, "{what}: no event was accepted for {gap:.1?}");
    }

    /// Does something to the cluster that takes the majority away for some time.
    #[track_caller]
    pub fn without_a_majority(&mut self, what: &str, fault: impl FnOnce(&mut Self)) {
        self.under_load(what, fault);
    }

    /// Returns the longest time without an accepted event.
    #[track_caller]
    fn under_load(&mut self, what: &str, fault: impl FnOnce(&mut Self)) -> Duration {
        let first = self.outcomes.len();
        self.load = Some(load::start_from(first, self.ingest.address, PACE));
        self.until_it_goes_on();
        fault(self);
        self.until_it_goes_on();
        let Tally { longest_gap, accepted, refused, .. } = self.tally();
        let outcomes = self.load.take().expect("started").stop();
        self.outcomes.extend(outcomes);
        self.say(&format!("{what}: accepted {accepted}, refused {refused}, none for {longest_gap:.1?}"));
        self.until_all_is_applied();
        longest_gap
    }

    /// Runs a tool of RabbitMQ's against a node; it must succeed.
    #[track_caller]
    pub fn tool(&self, node: usize, name: &str, args: &[&str]) {
        let output = self.cluster.tool(node, name, args);
        assert!(output.status.success(), "{name} {args:?}: {output:?}");
    }

    /// The node that leads the inbox.
    #[track_caller]
    pub fn leader(&self) -> usize {
        self.cluster.leader(&self.backends.inbox())
    }

    /// Has the inbox's member on a node do nothing, or go on: `suspend` or `resume`.
    #[track_caller]
    pub fn have_member(&self, node: usize, action: &str) {
        let member = format!("ok = sys:{action}('%2F_{}').", self.backends.inbox());
        self.tool(node, "rabbitmqctl", &["eval", &member]);
    }

    /// Lets another node lead the inbox.
    #[track_caller]
    pub fn let_lead(&self, node: usize) {
        let leader = self.leader();
        let member = |node| format!("{{'%2F_{}', '{}'}}", self.backends.inbox(), self.cluster.name(node));
        let transfer = format!("ok = ra:transfer_leadership({}, {}).", member(leader), member(node));
        self.tool(leader, "rabbitmqctl", &["eval", &transfer]);
        wait_until("another node leads", PATIENCE, || self.leader() == node);
    }

    /// The node that the edge publishes through.
    #[track_caller]
    pub fn publishes_through(&self) -> usize {
        self.connected(&self.ingest.process, "connected for publishing")
    }

    /// The node that a worker consumes through.
    #[track_caller]
    pub fn consumes_through(&self) -> usize {
        self.connected(&self.workers[0].process, "connected for consuming")
    }

    /// The node that a process last said this of.
    #[track_caller]
    fn connected(&self, process: &Process, words: &str) -> usize {
        let log = process.log();
        let connected = log.lines().rfind(|line| line.contains(words)).expect("it has connected");
        let node = (0..3).find(|node| {
            self.cluster.url(*node).split_once('@').is_some_and(|(_, broker)| connected.contains(broker))
        });
        node.expect("a node of the cluster")
    }

    /// Waits until the edge publishes through another node than this.
    #[track_caller]
    pub fn until_published_elsewhere(&self, node: usize) {
        let since = Instant::now();
        wait_until("the edge publishes elsewhere", PATIENCE, || self.publishes_through() != node);
        self.say(&format!("published elsewhere {:.1?} later", since.elapsed()));
    }

    /// Waits until a worker consumes through another node than this.
    #[track_caller]
    pub fn until_consumed_elsewhere(&self, node: usize) {
        let since = Instant::now();
        wait_until("the worker consumes elsewhere", PATIENCE, || self.consumes_through() != node);
        self.say(&format!("consumed elsewhere {:.1?} later", since.elapsed()));
    }

    /// Waits until the edge is ready and accepts, and every worker applies.
    #[track_caller]
    pub fn until_it_goes_on(&self) {
        wait_until("ingest is ready", PATIENCE, || is_ready(self.ingest.admin));
        let accepted = self.tally().accepted;
        wait_until("events are accepted", PATIENCE, || self.tally().accepted >= accepted + SOME);
        let applied = |worker: &Worker| load::applied(worker.admin);
        let before: Vec<f64> = self.workers.iter().map(applied).collect();
        for (worker, before) in self.workers.iter().zip(before) {
            wait_until("each worker applies events", PATIENCE, || applied(worker) >= before + A_FEW as f64);
        }
    }

    /// Waits until the edge refuses, and says that it cannot queue.
    #[track_caller]
    pub fn until_refused(&self) {
        wait_until("ingest is not ready", PATIENCE, || !is_ready(self.ingest.admin));
        let refused = self.tally().refused;
        wait_until("events are refused", PATIENCE, || self.tally().refused >= refused + A_FEW);
    }

    /// Waits for the first event that is accepted from now on, and says how long it took.
    #[track_caller]
    pub fn until_accepted_after(&self, what: &str) {
        let (since, accepted) = (Instant::now(), self.tally().accepted);
        wait_until("events are accepted again", PATIENCE, || self.tally().accepted > accepted);
        self.say(&format!("accepting again {:.1?} after {what}", since.elapsed()));
    }

    /// Prints how far the trial is.
    pub fn say(&self, what: &str) {
        eprintln!("{:5.1} s: {what}", self.started.elapsed().as_secs_f32());
    }

    /// How the load stands.
    fn tally(&self) -> Tally {
        self.load.as_ref().expect("there is load").tally()
    }

    /// Waits until all that was accepted is in the ledger.
    #[track_caller]
    fn until_all_is_applied(&mut self) {
        let (outcomes, mirror) = (&self.outcomes, &mut self.mirror);
        let accepted: HashSet<String> = outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| outcome.is_accepted())
            .map(|(number, _)| load::svix_id(number))
            .collect();
        wait_until("all that was accepted is in the ledger", PATIENCE, || {
            mirror.ledger_len() >= accepted.len() && mirror.svix_ids().is_superset(&accepted)
        });
    }

    /// Stops edge and workers in good order, and settles the account: nothing may be left in the queues.
    #[track_caller]
    pub fn finish(mut self) {
        for name in ["queue_redelivered_total", "queue_suspects_total", "unacknowledged_batches_total"] {
            let name = format!("clerk_mirror_worker_{name}");
            let values: Vec<_> = self.workers.iter().map(|worker| metric(worker.admin, &name)).collect();
            self.say(&format!("{name} {values:?}"));
        }
        stop(&mut [&mut self.ingest.process]);
        let mut workers: Vec<&mut Process> =
            self.workers.iter_mut().map(|worker| &mut worker.process).collect();
        stop(&mut workers);
        for queue in [self.backends.inbox(), self.backends.dead()] {
            let left = self.cluster.queue_state(&queue);
            assert_eq!(left, Some(QueueState { ready: 0, consumers: 0 }), "{queue}");
        }
        let (ledger, rows) = (self.mirror.ledger(), self.mirror.rows());
        let found = ledger.values().map(|row| {
            let mirrored = load::number(&row.svix_id).is_some_and(|number| {
                let sent: Value = serde_json::from_slice(&load::body(number)).expect("JSON");
                let user = rows.get(&("users", format!("user_{number}")));
                user.and_then(|user| user.data.as_ref()) == Some(&sent["data"])
            });
            Found { svix_id: &row.svix_id, is_intact: row.outcome == "applied" && mirrored }
        });
        settle(&self.outcomes, found, Allowed { codes: CODES, ..Allowed::default() });
        assert_eq!(rows.len(), ledger.len(), "the mirror has rows that nobody sent");
        self.say("all is accounted for");
    }
}

#[track_caller]
fn stop(processes: &mut [&mut Process]) {
    processes.iter_mut().for_each(|process| process.terminate());
    for process in processes {
        let status = process.wait(PATIENCE);
        assert!(status.success(), "{status}; the log:\n{}", process.log_tail());
    }
}
