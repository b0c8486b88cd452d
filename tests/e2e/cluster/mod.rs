//! A RabbitMQ of three nodes that fail, one after the other and together, while events arrive and are applied: whatever was
//! answered with a 2xx ends in the ledger, once, and where a majority of the nodes stands events go on being accepted.

mod hang;
mod kill;
mod network;
mod replacement;
mod restart;
mod trial;

use std::env;

use self::trial::Trial;

/// Everything on one cluster, which takes its time to start. With `CLUSTER_ROUNDS` it is done so often, together with what
/// takes long.
#[test]
fn nothing_is_lost_whatever_happens_to_a_cluster() {
    let rounds: Option<usize> = env::var("CLUSTER_ROUNDS").ok().map(|rounds| rounds.parse().unwrap());
    let mut trial = Trial::start();
    for _ in 0..rounds.unwrap_or(1) {
        replacement::wiped_and_rejoined(&mut trial);
        kill::the_leader_and_then_another(&mut trial);
        network::a_minority_cut_off(&mut trial);
        network::all_cut_off(&mut trial);
        hang::of_the_node_published_through(&mut trial);
        hang::of_the_member_consumed_through(&mut trial);
        restart::one_after_the_other(&mut trial);
        if rounds.is_some() {
            network::a_single_link_cut(&mut trial);
            network::the_leader_silenced(&mut trial);
        }
    }
    trial.finish();
}
