//! The network between the nodes fails.

use super::trial::Trial;

const ALL: [usize; 3] = [0, 1, 2];

/// The node that leads the queue is cut off from the others. It pauses; they go on.
pub fn a_minority_cut_off(trial: &mut Trial) {
    let leader = trial.leader();
    trial.with_a_majority("the leader cut off", |trial| {
        trial.cluster.cut_off(&[leader]);
        trial.cluster.wait_until_paused(leader);
        trial.until_it_goes_on();
        heal(trial);
    });
}

/// Each node is alone, and pauses.
pub fn all_cut_off(trial: &mut Trial) {
    trial.without_a_majority("all cut off", |trial| {
        trial.cluster.cut_off(&ALL);
        trial.until_refused();
        heal(trial);
    });
}

/// Two nodes do not reach each other, and both reach the third. RabbitMQ 3.10 pauses both.
pub fn a_single_link_cut(trial: &mut Trial) {
    let leader = trial.leader();
    trial.without_a_majority("a single link cut", |trial| {
        trial.cluster.cut_link(leader, (leader + 1) % 3);
        trial.until_refused();
        heal(trial);
    });
}

/// Nothing that the leader and the others say to each other arrives. Until they notice, RabbitMQ 3.10 sends whoever connects to
/// publish to the node that led.
pub fn the_leader_silenced(trial: &mut Trial) {
    let leader = trial.leader();
    trial.without_a_majority("the leader silenced", |trial| {
        trial.cluster.silence(&[leader]);
        trial.cluster.wait_until_paused(leader);
        trial.until_it_goes_on();
        heal(trial);
    });
}

fn heal(trial: &mut Trial) {
    trial.cluster.heal();
    trial.until_accepted_after("the network was back");
    ALL.into_iter().for_each(|node| trial.cluster.wait_until_serving(node).unwrap());
}
