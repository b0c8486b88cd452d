//! What people write instead: each way breaks promises, and the model shows which and how.

use std::collections::BTreeSet;

use crate::{
    delivery::{Bounds, Delivery},
    explorer::explore,
    promises::{IN_BATCHES, ONE_BY_ONE, OVERLAPPING},
    properties::{
        self, ACCOUNTED_FOR, ACCOUNTED_ONCE, CONVERGENCE, DURABLE, EFFECT_ONCE, LEDGER_IS_TRUE, NO_STEP_BACK,
        ONE_STATE,
    },
    protocol::{Account, Acknowledge, Answer, Deletion, Guard, Protocol},
    world::World,
};

#[test]
fn answering_before_the_confirm() {
    let protocol = Protocol { answer: Answer::Published, ..Protocol::OURS };
    breaks(protocol, World::TWO_UPDATES, ONE_BY_ONE, &[DURABLE, ACCOUNTED_FOR, CONVERGENCE]);
}

#[test]
fn acknowledging_before_the_commit() {
    let protocol = Protocol { acknowledge: Acknowledge::Taken, ..Protocol::OURS };
    breaks(protocol, World::TWO_UPDATES, ONE_BY_ONE, &[DURABLE, ACCOUNTED_FOR, CONVERGENCE]);
}

#[test]
fn acknowledging_rounds_out_of_order() {
    let protocol = Protocol { acknowledge: Acknowledge::Committed, ..Protocol::OURS };
    breaks(protocol, World::TWO_UPDATES, OVERLAPPING, &[DURABLE, ACCOUNTED_FOR, CONVERGENCE]);
    // With one round in hand there is no order.
    breaks(protocol, World::TWO_UPDATES, ONE_BY_ONE, &[]);
}

#[test]
fn checking_first_whether_an_event_is_new() {
    let protocol = Protocol { account: Account::CheckThenAct, ..Protocol::OURS };
    breaks(protocol, World::TWO_UPDATES, ONE_BY_ONE, &[ACCOUNTED_ONCE]);
    // And nothing else stands between a duplicate and its effect.
    let protocol = Protocol { guard: Guard::None, ..protocol };
    breaks(
        protocol,
        World::TWO_UPDATES,
        ONE_BY_ONE,
        &[ACCOUNTED_ONCE, EFFECT_ONCE, ONE_STATE, CONVERGENCE, NO_STEP_BACK],
    );
}

#[test]
fn writing_the_ledger_in_a_transaction_of_its_own() {
    let protocol = Protocol { account: Account::TwoTransactions, ..Protocol::OURS };
    breaks(protocol, World::TWO_UPDATES, ONE_BY_ONE, &[LEDGER_IS_TRUE, ONE_STATE]);
}

#[test]
fn comparing_updated_at_alone() {
    let protocol = Protocol { guard: Guard::LaterUpdatedAt, ..Protocol::OURS };
    for world in [World::TWO_EVENTS_OF_ONE_CHANGE, World::ONE_MOMENT] {
        breaks(protocol, world, ONE_BY_ONE, &[ONE_STATE, CONVERGENCE]);
    }
    // Whoever tries it out with updates of different times sees nothing of it.
    breaks(protocol, World::TWO_UPDATES, IN_BATCHES, &[]);
}

#[test]
fn letting_the_later_of_two_equals_win() {
    let protocol = Protocol { guard: Guard::NoEarlierUpdatedAt, ..Protocol::OURS };
    breaks(protocol, World::ONE_MOMENT, ONE_BY_ONE, &[ONE_STATE, CONVERGENCE, NO_STEP_BACK, EFFECT_ONCE]);
}

#[test]
fn letting_the_last_write_win() {
    let protocol = Protocol { guard: Guard::None, ..Protocol::OURS };
    breaks(protocol, World::TWO_UPDATES, ONE_BY_ONE, &[ONE_STATE, CONVERGENCE, NO_STEP_BACK, EFFECT_ONCE]);
}

#[test]
fn reviving_what_is_deleted() {
    let protocol = Protocol { deletion: Deletion::TakenBackByUpdates, ..Protocol::OURS };
    breaks(protocol, World::DELETION, ONE_BY_ONE, &[ONE_STATE, CONVERGENCE, NO_STEP_BACK, EFFECT_ONCE]);
}

/// Visits every state: these promises are broken, and no others.
fn breaks(protocol: Protocol, world: World, bounds: Bounds, promises: &[&str]) {
    let exploration = explore(&Delivery { protocol, world, bounds }, &properties::all(), &[]);
    println!("{}, {protocol:?}: {exploration}", world.name);
    for (promise, run) in &exploration.counterexamples {
        println!("{promise}: broken by this run\n{run}");
    }
    assert!(exploration.ends, "some run never comes to an end");
    let broken: BTreeSet<_> = exploration.counterexamples.keys().copied().collect();
    assert_eq!(broken, BTreeSet::from_iter(promises.iter().copied()));
}
