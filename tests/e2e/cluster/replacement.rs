//! A node loses its data and is replaced by a new one.

use super::trial::Trial;

/// A node that does not lead is killed, forgotten, and joins again without its data, as a member of the queues like any other.
pub fn wiped_and_rejoined(trial: &mut Trial) {
    let leader = trial.leader();
    let wiped = (leader + 1) % 3;
    trial.with_a_majority("a node replaced", |trial| {
        trial.cluster.kill9(wiped);
        let name = trial.cluster.name(wiped);
        trial.tool(leader, "rabbitmqctl", &["forget_cluster_node", &name]);
        trial.cluster.wipe(wiped).unwrap();
        trial.cluster.launch(wiped).unwrap();
        trial.cluster.wait_until_serving(wiped).unwrap();
        trial.tool(leader, "rabbitmq-queues", &["grow", &name, "all"]);
    });
}
