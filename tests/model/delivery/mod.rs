//! The protocol by which events are delivered, as a model: what can happen next, in any state.

mod action;
mod bag;
mod database;
mod display;
mod edge;
mod state;
mod worker;

pub use action::{Action, Fault, Place};
pub use state::{Chunk, Hold, Message, Outcome, Published, Round, State, Worker};

use crate::{explorer::Model, protocol::Protocol, world::World};

/// A protocol, what happens in the world, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    pub protocol: Protocol,
    pub world: World,
    pub bounds: Bounds,
}

/// How much may happen, at most.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Deliveries that share a message.
    pub message_events: usize,
    /// Messages taken as one round.
    pub round_messages: usize,
    /// Events in one transaction.
    pub batch: usize,
    /// Rounds that a worker has in hand at once.
    pub rounds: usize,
    /// What may go wrong, all in all.
    pub faults: u8,
}

/// What can happen in one state.
struct Steps<'a> {
    model: &'a Delivery,
    from: &'a State,
    found: Vec<(Action, State)>,
}

impl Steps<'_> {
    /// Something can happen, and changes this.
    fn can(&mut self, action: Action, change: impl FnOnce(&mut State)) {
        let mut state = *self.from;
        change(&mut state);
        self.found.push((action, state));
    }

    /// Something can go wrong, if not enough has.
    fn can_fail(&mut self, fault: Fault, change: impl FnOnce(&mut State)) {
        if self.from.faults > 0 {
            self.can(Action::Fault(fault), |state| {
                state.faults -= 1;
                change(state);
            });
        }
    }
}

impl Model for Delivery {
    type State = State;
    type Action = Action;

    fn initial(&self) -> State {
        State { faults: self.bounds.faults, ..State::default() }
    }

    fn steps(&self, state: &State) -> Vec<(Action, State)> {
        let mut steps = Steps { model: self, from: state, found: Vec::new() };
        steps.of_the_edge();
        steps.of_the_workers();
        steps.of_the_broker();
        steps.found
    }

    fn is_fault(action: &Action) -> bool {
        matches!(action, Action::Fault(_))
    }

    /// One worker is like the other.
    fn canonical(mut state: State) -> State {
        let [one, other] = state.workers;
        if one < other {
            state.workers = [other, one];
        }
        state
    }
}
