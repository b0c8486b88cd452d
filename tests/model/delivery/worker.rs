//! From the queue into the database: take, commit, acknowledge.

use super::{
    Steps,
    action::{Action, Fault, Place},
    state::{Chunk, Database, Hold, Message, Progress, Round, State, Worker},
};
use crate::{
    events::{Each, EventId},
    protocol::{Account, Acknowledge},
};

impl Steps<'_> {
    pub(super) fn of_the_workers(&mut self) {
        for (worker, has) in self.from.workers.iter().enumerate() {
            self.can_take(worker, has);
            for (number, round) in has.rounds().enumerate() {
                let place = Place { worker, round: number };
                if self.may_apply(round) {
                    self.can_apply(place, round);
                }
                if self.may_acknowledge(place, round) {
                    self.can(Action::Acknowledge(place), |state| {
                        state.workers[worker].acknowledge_up_to(number);
                    });
                }
            }
            if !has.is_idle() {
                self.can_fail(Fault::ConsumerLost(worker), |state| state.lose_consumer(worker));
                self.can_fail(Fault::WorkerCrash(worker), |state| {
                    state.lose_consumer(worker);
                    state.workers[worker] = Worker::default();
                });
            }
        }
    }

    /// Any message may be the next: what comes back, and what others take, leaves no order.
    fn can_take(&mut self, worker: usize, has: &Worker) {
        let in_hand = has.rounds().count();
        if in_hand == self.model.bounds.rounds {
            return;
        }
        for first in self.from.ready.kinds() {
            self.can_take_these(worker, in_hand, (first, None));
            if self.model.bounds.round_messages > 1 {
                let mut rest = self.from.ready;
                rest.remove(first);
                for second in rest.kinds().filter(|second| *second >= first) {
                    self.can_take_these(worker, in_hand, (first, Some(second)));
                }
            }
        }
    }

    fn can_take_these(&mut self, worker: usize, in_hand: usize, messages: (Message, Option<Message>)) {
        self.can(Action::Take(worker, messages), |state| {
            let round = Round::of(messages);
            round.messages().for_each(|message| state.ready.remove(message));
            state.workers[worker].rounds[in_hand] = Some(round);
        });
    }

    fn may_apply(&self, round: &Round) -> bool {
        let is_too_early =
            self.model.protocol.acknowledge == Acknowledge::Taken && round.hold == Hold::Unacknowledged;
        !round.is_committed() && !is_too_early
    }

    fn may_acknowledge(&self, place: Place, round: &Round) -> bool {
        let may = match self.model.protocol.acknowledge {
            Acknowledge::CommittedInOrder => round.is_committed() && place.round == 0,
            Acknowledge::Committed => round.is_committed(),
            Acknowledge::Taken => true,
        };
        may && round.hold == Hold::Unacknowledged
    }

    fn can_apply(&mut self, place: Place, round: &Round) {
        let (model, from, protocol) = (self.model, self.from, self.model.protocol);
        if (protocol.account, round.progress) == (Account::CheckThenAct, Progress::Begun) {
            let known = from.database.accounted();
            self.can(Action::LookUp(place), |state| {
                state.change(place, |round| round.progress = Progress::LookedUp(known));
            });
            return;
        }
        for chunk in self.chunks(round) {
            if (protocol.account, round.progress) == (Account::TwoTransactions, Progress::Begun) {
                let mut database = from.database;
                let shown = database.merge(model, &chunk.events());
                self.can_commit(Action::CommitMirror(place, chunk), place, chunk, database, |round| {
                    round.progress = Progress::Merged(chunk, shown);
                });
            } else {
                let mut database = from.database;
                database.commit(model, round.progress, &chunk.events());
                self.can_commit(Action::Commit(place, chunk), place, chunk, database, |round| {
                    round.progress = Progress::Begun;
                    chunk.deliveries().for_each(|id| round.committed[id] += 1);
                });
            }
        }
    }

    /// What can be applied next: as many deliveries as one transaction may hold, in any order.
    fn chunks(&self, round: &Round) -> Vec<Chunk> {
        if let Progress::Merged(chunk, _) = round.progress {
            return vec![chunk];
        }
        let left = Each(EventId::ALL.map(|id| round.left(id)));
        let is_last = left.0.iter().sum::<u8>() == 1;
        let firsts = EventId::ALL.into_iter().filter(|&id| left[id] > 0);
        if is_last || self.model.bounds.batch == 1 {
            return firsts.map(|first| Chunk { first, second: None }).collect();
        }
        let seconds = |first| EventId::ALL.into_iter().filter(move |&id| left[id] > u8::from(id == first));
        let pairs = firsts.flat_map(|first| seconds(first).map(move |second| (first, second)));
        pairs.map(|(first, second)| Chunk { first, second: Some(second) }).collect()
    }

    /// A transaction is committed. Perhaps the worker is not told, and begins again. A transaction that is rolled back, for
    /// whatever reason, is one that did not happen.
    fn can_commit(
        &mut self,
        action: Action,
        place: Place,
        chunk: Chunk,
        database: Database,
        settle: impl FnOnce(&mut Round),
    ) {
        self.can(action, |state| {
            state.database = database;
            state.change(place, settle);
        });
        self.can_fail(Fault::CommitUnanswered(place, chunk), |state| {
            state.database = database;
            state.change(place, |round| round.progress = Progress::Begun);
        });
    }
}

impl Round {
    fn of(messages: (Message, Option<Message>)) -> Self {
        Self { messages, hold: Hold::Unacknowledged, committed: Each::default(), progress: Progress::Begun }
    }

    fn is_over(&self) -> bool {
        self.is_committed() && self.hold != Hold::Unacknowledged
    }
}

impl Chunk {
    /// Of each event the first delivery.
    fn events(self) -> Vec<EventId> {
        let mut events = Vec::from_iter(self.deliveries());
        events.dedup();
        events
    }
}

impl Worker {
    /// Acknowledges a round. That includes what was taken on the same connection before it.
    fn acknowledge_up_to(&mut self, number: usize) {
        for round in self.rounds[..=number].iter_mut().flatten() {
            if round.hold == Hold::Unacknowledged {
                round.hold = Hold::Acknowledged;
            }
        }
        self.drop_what_is_over();
    }

    fn drop_what_is_over(&mut self) {
        while let Some(place) =
            self.rounds.iter().position(|round| round.is_some_and(|round| round.is_over()))
        {
            self.rounds[place] = None;
            self.rounds[place..].rotate_left(1);
        }
    }
}

impl State {
    fn change(&mut self, Place { worker, round }: Place, change: impl FnOnce(&mut Round)) {
        if let Some(round) = &mut self.workers[worker].rounds[round] {
            change(round);
        }
        self.workers[worker].drop_what_is_over();
    }

    /// What is not acknowledged is anybody's. Who has it in hand goes on with it.
    pub(super) fn lose_consumer(&mut self, worker: usize) {
        for round in self.workers[worker].rounds.iter_mut().flatten() {
            if round.hold == Hold::Unacknowledged {
                round.hold = Hold::Lost;
                round.messages().for_each(|message| self.ready.insert(message));
            }
        }
        self.workers[worker].drop_what_is_over();
    }
}
