//! The edge is killed.

use super::{account::Allowed, trial::Trial};
use crate::backends::{Backends, Database, Queue};

const KILLS: usize = 3;

fn an_edge_that_is_killed_loses_nothing_it_accepted(queue: Queue) {
    let backends = Backends::new(queue, Database::Sqlite, "loss_edge");
    // It receives as soon as it is up again, and on RabbitMQ is not connected yet.
    let allowed = Allowed { codes: &["queue_unavailable"], unanswered: true, ..Allowed::default() };
    let mut trial = Trial::start(backends, &[], allowed);
    for _ in 0..KILLS {
        let unanswered = trial.tally().unanswered;
        trial.kill_edge();
        trial.until_accepted();
        assert!(trial.tally().unanswered > unanswered, "no request was in flight");
    }
    trial.finish();
}

#[test]
fn killed_on_rabbitmq() {
    an_edge_that_is_killed_loses_nothing_it_accepted(Queue::RabbitMq);
}

#[test]
fn killed_on_sqlite() {
    an_edge_that_is_killed_loses_nothing_it_accepted(Queue::Sqlite);
}
