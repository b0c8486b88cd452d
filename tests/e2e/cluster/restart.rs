//! Restarts in good order, as for an upgrade.

use super::trial::Trial;

/// Each node is restarted as RabbitMQ's manual has it: once no queue depends on it, it is drained, and stopped.
pub fn one_after_the_other(trial: &mut Trial) {
    trial.with_a_majority("each node restarted", |trial| {
        for node in 0..3 {
            trial.tool(node, "rabbitmq-upgrade", &["await_online_quorum_plus_one", "--timeout", "60"]);
            trial.tool(node, "rabbitmq-upgrade", &["drain"]);
            trial.cluster.stop(node).unwrap();
            trial.cluster.launch(node).unwrap();
            trial.cluster.wait_until_serving(node).unwrap();
            trial.until_it_goes_on();
        }
    });
}
