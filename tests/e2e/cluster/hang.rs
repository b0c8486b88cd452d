//! A node hangs: it keeps its connections, takes new ones, and says nothing.

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
