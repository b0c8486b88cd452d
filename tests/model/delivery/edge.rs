//! From the sender into the queue: send, publish, confirm, answer.

use super::{
    Steps,
    action::{Action, Fault},
    state::{Attempt, Message, Published, State},
};
use crate::{
    events::{EventId, Events},
    protocol::Answer,
};

impl Steps<'_> {
    /// The sender sends each event until it gets a 2xx; the edge publishes it, and answers once it may.
    pub(super) fn of_the_edge(&mut self) {
        for events in self.groups() {
            self.can_publish(events);
        }
        for awaited in self.from.confirms.kinds() {
            self.can(Action::Confirm(awaited), |state| {
                state.confirms.remove(awaited);
                awaited.iter().for_each(|id| state.answer(id));
            });
        }
        for id in EventId::ALL {
            match self.from.attempts[id] {
                Attempt::Due => {}
                Attempt::InFlight => self.can_fail(Fault::RequestBroken(id), |state| state.leave(id)),
                Attempt::Done => {
                    self.can_fail(Fault::AnswerLost(id), |state| state.attempts[id] = Attempt::Due);
                }
            }
        }
        if self.from.faults > 0 && self.from.is_publishing() {
            for late in self.late() {
                self.can_fail(Fault::PublisherLost { late }, |state| state.lose_publisher(late));
            }
        }
    }

    /// Whatever can be the next message. An event that has reached the edge and is not published yet is one that was not sent.
    fn groups(&self) -> Vec<Events> {
        let due = EventId::ALL.into_iter().filter(|&id| self.from.attempts[id] == Attempt::Due);
        let mut groups: Vec<Events> = due.map(|id| Events::from_iter([id])).collect();
        if let [one, other] = groups[..]
            && self.model.bounds.message_events > 1
        {
            groups.push(one.union(other));
        }
        groups
    }

    fn can_publish(&mut self, events: Events) {
        let answer = self.model.protocol.answer;
        self.can(Action::Publish(events), |state| {
            state.published.insert(Published { message: Message(events), awaited: events });
            for id in events.iter() {
                state.attempts[id] = Attempt::InFlight;
                if answer == Answer::Published {
                    state.answer(id);
                }
            }
        });
    }

    /// What may still arrive of the messages on their way once their connection is lost: some of them, all, or none.
    fn late(&self) -> Vec<Events> {
        let awaited = self.from.published.iter().map(|published| published.awaited);
        awaited.filter(|awaited| !awaited.is_empty()).fold(vec![Events::NONE], |late, awaited| {
            let with_it: Vec<_> = late.iter().map(|events| events.union(awaited)).collect();
            [late, with_it].concat()
        })
    }

    pub(super) fn of_the_broker(&mut self) {
        for published in self.from.published.kinds() {
            let Published { message, awaited } = published;
            self.can(Action::Store(published), |state| {
                state.published.remove(published);
                state.ready.insert(message);
                if !awaited.is_empty() {
                    state.confirms.insert(awaited);
                }
            });
            if !awaited.is_empty() {
                self.can_fail(Fault::Refused(published), |state| {
                    state.published.remove(published);
                    awaited.iter().for_each(|id| state.leave(id));
                });
            }
        }
        self.can_fail(Fault::BrokerCrash, |state| {
            state.lose_publisher(Events::NONE);
            (0..state.workers.len()).for_each(|worker| state.lose_consumer(worker));
        });
    }
}

impl State {
    fn is_publishing(&self) -> bool {
        !self.confirms.is_empty() || self.published.iter().any(|published| !published.awaited.is_empty())
    }

    /// A 2xx leaves the edge, if the request still waits for an answer.
    fn answer(&mut self, id: EventId) {
        if self.attempts[id] == Attempt::InFlight {
            self.attempts[id] = Attempt::Done;
            self.accepted = self.accepted.with(id);
        }
    }

    /// The request ends without a 2xx. What is published for it stays published, and nobody waits for the confirm.
    fn leave(&mut self, id: EventId) {
        if self.attempts[id] != Attempt::InFlight {
            return;
        }
        self.attempts[id] = Attempt::Due;
        let without =
            |published: Published| Published { awaited: published.awaited.without(id), ..published };
        self.published = self.published.iter().map(without).collect();
        let confirms = self.confirms.iter().map(|awaited| awaited.without(id));
        self.confirms = confirms.filter(|awaited| !awaited.is_empty()).collect();
    }

    /// Nobody hears any more of what is on its way between edge and broker: some arrives late, the rest never.
    fn lose_publisher(&mut self, late: Events) {
        let arrives = |published: &Published| published.awaited.iter().all(|id| late.contains(id));
        self.published = self.published.iter().filter(arrives).collect();
        EventId::ALL.into_iter().for_each(|id| self.leave(id));
    }
}
