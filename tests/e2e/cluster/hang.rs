//! A node hangs: it keeps its connections, takes new ones, and says nothing. Or only its member of the queue does.

use super::trial::Trial;

/// The edge publishes through a node that does not lead; that one hangs. The queue works, and the edge has to find another way.
pub fn of_the_node_published_through(trial: &mut Trial) {
    let through = trial.publishes_through();
    if trial.leader() == through {
        trial.let_lead((through + 1) % 3);
    }
    trial.with_a_majority("the node published through hung", |trial| {
        trial.cluster.halt(through);
        trial.until_published_elsewhere(through);
        trial.until_accepted_after("that");
        trial.cluster.resume(through);
    });
}

/// A worker consumes through a node whose member of the queue does not lead; that one hangs. To the worker it is as if there were
/// no events, while the queue has some for it.
pub fn of_the_member_consumed_through(trial: &mut Trial) {
    let through = trial.consumes_through();
    if trial.leader() == through {
        trial.let_lead((through + 1) % 3);
    }
    trial.with_a_majority("the member consumed through hung", |trial| {
        trial.have_member(through, "suspend");
        trial.until_consumed_elsewhere(through);
        trial.until_it_goes_on();
        trial.have_member(through, "resume");
    });
}
