//! Nodes are killed.

use super::trial::Trial;

/// The node that leads the queue is killed: the others go on. Then another one is: the last goes on with nothing. One comes
/// back, and that is enough.
pub fn the_leader_and_then_another(trial: &mut Trial) {
    let first = trial.leader();
    trial.with_a_majority("the leader killed", |trial| trial.cluster.kill9(first));
    let second = trial.leader();
    trial.without_a_majority("another one killed", |trial| {
        trial.cluster.kill9(second);
        trial.until_refused();
        trial.cluster.launch(second).unwrap();
        trial.until_accepted_after("one of two was started");
        trial.cluster.wait_until_serving(second).unwrap();
    });
    trial.with_a_majority("the first one started again", |trial| {
        trial.cluster.launch(first).unwrap();
        trial.cluster.wait_until_serving(first).unwrap();
    });
}
