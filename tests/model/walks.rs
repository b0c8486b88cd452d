//! Single runs, step by step: that the model can go these ways at all, and where they lead.

use crate::{
    delivery::{Action, Bounds, Chunk, Delivery, Fault, Message, Outcome, Place, Published, State},
    events::{Each, EventId, Events},
    explorer::Model,
    promises::{IN_PARTS, ONE_BY_ONE},
    protocol::Protocol,
    world::World,
};

use EventId::{A, B};

#[test]
fn a_crash_between_commit_and_acknowledgement_brings_a_duplicate_that_is_recognised() {
    let mut walk = Walk::new(World::TWO_UPDATES, ONE_BY_ONE);
    walk.publish(Events::only(A)).confirm(Events::only(A));
    walk.take(0, Events::only(A)).commit(0, A);
    let committed = walk.state.database;
    assert_eq!((committed.ledger[A].rows, committed.effects), (1, Each([1, 0])));

    walk.fault(Fault::WorkerCrash(0));
    walk.take(1, Events::only(A)).commit(1, A);
    assert_eq!(walk.state.database, committed);
    walk.acknowledge(1);
    assert!(walk.state.ready.is_empty());
}

#[test]
fn a_lost_confirm_brings_a_second_message_and_two_workers_apply_both() {
    let mut walk = Walk::new(World::TWO_UPDATES, ONE_BY_ONE);
    walk.publish(Events::only(A)).fault(Fault::PublisherLost { late: Events::NONE });
    walk.publish(Events::only(A)).confirm(Events::only(A));
    walk.take(0, Events::only(A)).take(1, Events::only(A));
    walk.commit(1, A).commit(0, A);
    assert_eq!(walk.state.database.ledger[A].rows, 1);
    assert_eq!(walk.state.database.effects, Each([1, 0]));
    walk.acknowledge(0).acknowledge(1);
    assert!(walk.state.ready.is_empty());
}

#[test]
fn a_worker_that_lost_its_connection_applies_what_another_has_by_now() {
    let mut walk = Walk::new(World::TWO_UPDATES, ONE_BY_ONE);
    walk.publish(Events::only(A)).take(0, Events::only(A)).fault(Fault::ConsumerLost(0));
    walk.take(1, Events::only(A)).commit(1, A).commit(0, A);
    assert_eq!(walk.state.database.ledger[A].rows, 1);
    walk.acknowledge(1);
    assert!(walk.state.workers.iter().all(|worker| worker.is_idle()));
}

#[test]
fn of_a_message_that_is_committed_in_part_only_the_rest_is_new() {
    let mut walk = Walk::new(World::TWO_UPDATES, IN_PARTS);
    walk.publish(Events::BOTH).confirm(Events::BOTH);
    walk.take(0, Events::BOTH).commit(0, B).fault(Fault::WorkerCrash(0));
    walk.take(0, Events::BOTH).commit(0, B).commit(0, A).acknowledge(0);
    let database = walk.state.database;
    assert_eq!(database.ledger.0.map(|account| account.rows), [1, 1]);
    assert_eq!(database.ledger[A].outcome, Some(Outcome::Stale));
    assert_eq!(database.effects, Each([0, 1]));
}

#[test]
fn an_update_after_the_deletion_gives_data_and_no_life() {
    let mut walk = Walk::new(World::DELETION, ONE_BY_ONE);
    walk.publish(Events::BOTH.without(A)).publish(Events::only(A));
    walk.take(0, Events::only(B)).commit(0, B).take(1, Events::only(A)).commit(1, A);
    assert_eq!(walk.state.database.row, World::DELETION.fold(Events::BOTH));
    assert!(walk.state.database.row.deleted_at.is_some());
}

/// One run, as far as it has come.
struct Walk {
    model: Delivery,
    state: State,
}

impl Walk {
    fn new(world: World, bounds: Bounds) -> Self {
        let model = Delivery { protocol: Protocol::OURS, world, bounds };
        Self { model, state: model.initial() }
    }

    fn go(&mut self, action: Action) -> &mut Self {
        let mut steps = self.model.steps(&self.state).into_iter();
        let (_, state) = steps
            .find(|(other, _)| *other == action)
            .unwrap_or_else(|| panic!("not possible: {action}\n{}", self.state));
        self.state = state;
        self
    }

    /// Up to where the message is durable.
    fn publish(&mut self, events: Events) -> &mut Self {
        let published = Published { message: Message(events), awaited: events };
        self.go(Action::Publish(events)).go(Action::Store(published))
    }

    fn confirm(&mut self, events: Events) -> &mut Self {
        self.go(Action::Confirm(events))
    }

    fn take(&mut self, worker: usize, events: Events) -> &mut Self {
        self.go(Action::Take(worker, (Message(events), None)))
    }

    fn commit(&mut self, worker: usize, id: EventId) -> &mut Self {
        self.go(Action::Commit(Place { worker, round: 0 }, Chunk { first: id, second: None }))
    }

    fn acknowledge(&mut self, worker: usize) -> &mut Self {
        self.go(Action::Acknowledge(Place { worker, round: 0 }))
    }

    fn fault(&mut self, fault: Fault) -> &mut Self {
        self.go(Action::Fault(fault))
    }
}
