//! The queue itself is gone, or full.

use harness::wait_until;

use super::{account::Allowed, trial::Trial};
use crate::{
    backends::{Backends, Database, Queue},
    broker::{declare_small, delete_inbox},
    deployment::{PATIENCE, is_ready},
};

#[test]
fn nothing_accepted_after_the_queue_was_deleted_is_lost() {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "loss_missing");
    let allowed = Allowed { codes: &["queue_refused", "queue_unavailable"], ..Allowed::default() };
    let mut trial = Trial::start(backends.clone(), &[], allowed);
    for _ in 0..3 {
        let refused = trial.tally().refused;
        delete_inbox(&backends);
        trial.forgive_what_was_sent();
        wait_until("an event is refused", PATIENCE, || trial.tally().refused > refused);
        trial.until_ready();
        trial.until_accepted();
    }
    trial.finish();
}

#[test]
fn a_queue_whose_limit_is_lifted_while_it_is_full_takes_events_again() {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "loss_lifted");
    let allowed = Allowed { codes: &["queue_refused", "queue_unavailable"], ..Allowed::default() };
    let trial = Trial::start(backends.clone(), &[], allowed);
    let (policy, pattern) = (backends.inbox(), format!("^{}$", backends.inbox().replace('.', "\\.")));
    let ctl = |arguments: &[&str]| {
        let output = harness::rabbitmq().ctl(arguments);
        assert!(output.status.success(), "{output:?}");
    };
    ctl(&["set_policy", &policy, &pattern, r#"{"max-length":10}"#, "--apply-to", "queues"]);
    trial.until_refused();
    ctl(&["clear_policy", &policy]);
    trial.until_accepted();
    trial.finish();
}

#[test]
fn a_full_queue_holds_all_that_was_accepted() {
    let backends = Backends::new(Queue::RabbitMq, Database::Sqlite, "loss_full");
    declare_small(&backends, 500);
    let allowed = Allowed { codes: &["queue_refused"], ..Allowed::default() };
    let mut trial = Trial::start(backends, &[("DECLARE", "passive")], allowed);
    for _ in 0..3 {
        trial.until_refused();
        assert!(is_ready(trial.ingest.admin), "a full queue is no reason to reconnect");
        let accepted = trial.tally().accepted;
        wait_until("there is room again", PATIENCE, || {
            trial.inbox.take(100);
            trial.tally().accepted >= accepted + 300
        });
    }
    trial.until_refused();
    trial.finish();
}
