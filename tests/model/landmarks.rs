//! What must be seen to happen: where it never does, it is no wonder that nothing goes wrong.

use crate::{
    delivery::{Action, Delivery, Fault, Hold, Outcome, Round, Worker},
    events::{EventId, Events},
    explorer::{Landmark, Step},
};

type Taken<'a> = Step<'a, Delivery>;

/// In every arrangement.
pub fn anywhere() -> Vec<Landmark<Delivery>> {
    vec![
        seen("a message is published", |_, step| matches!(step.action, Action::Publish(_))),
        seen("a message becomes durable", |_, step| matches!(step.action, Action::Store(_))),
        seen("a confirm arrives", |_, step| matches!(step.action, Action::Confirm(_))),
        seen("a round is taken", |_, step| matches!(step.action, Action::Take(..))),
        seen("a transaction is committed", |_, step| matches!(step.action, Action::Commit(..))),
        seen("a round is acknowledged", |_, step| matches!(step.action, Action::Acknowledge(_))),
        seen("a request breaks off", |_, step| fault(step, |it| matches!(it, Fault::RequestBroken(_)))),
        seen("an answer is lost", |_, step| fault(step, |it| matches!(it, Fault::AnswerLost(_)))),
        seen("the publisher is lost, and what was on its way", |_, step| {
            fault(step, |it| it == Fault::PublisherLost { late: Events::NONE })
        }),
        seen("the publisher is lost, and what was on its way is late", |_, step| {
            fault(step, |it| matches!(it, Fault::PublisherLost { late } if late != Events::NONE))
        }),
        seen("a message is refused", |_, step| fault(step, |it| matches!(it, Fault::Refused(_)))),
        seen("the broker crashes", |_, step| fault(step, |it| matches!(it, Fault::BrokerCrash))),
        seen("a consumer is lost", |_, step| fault(step, |it| matches!(it, Fault::ConsumerLost(_)))),
        seen("a worker crashes", |_, step| fault(step, |it| matches!(it, Fault::WorkerCrash(_)))),
        seen("a commit is not answered", |_, step| {
            fault(step, |it| matches!(it, Fault::CommitUnanswered(..)))
        }),
        seen("a worker crashes between commit and acknowledgement", |_, step| {
            crashes_with(step, |round| round.is_committed() && round.hold == Hold::Unacknowledged)
        }),
        seen("an event comes again and is recognised", is_recognised),
        seen("an older event comes last", is_stale),
        seen("two workers have one event in hand", |_, step| {
            let [one, other] = step.after.workers.map(|worker| in_hand(&worker));
            EventId::ALL.into_iter().any(|id| one.contains(id) && other.contains(id))
        }),
        seen("a worker commits what is no longer its own", |_, step| {
            let Action::Commit(place, _) = step.action else { return false };
            let rounds = step.before.workers[place.worker].rounds;
            rounds[place.round].is_some_and(|round| round.hold == Hold::Lost)
        }),
        seen("a message becomes durable after its event was accepted and applied", |_, step| {
            let Action::Store(published) = step.action else { return false };
            let settled = step.before.database.accounted();
            published.message.0.iter().all(|id| step.before.accepted.contains(id) && settled.contains(id))
        }),
    ]
}

/// Where events can share things.
pub fn of_batches() -> Vec<Landmark<Delivery>> {
    vec![
        seen(
            "two events share a message",
            |_, step| matches!(step.action, Action::Publish(events) if events == Events::BOTH),
        ),
        seen("two messages share a round", |_, step| matches!(step.action, Action::Take(_, (_, Some(_))))),
        seen(
            "two events share a transaction",
            |_, step| matches!(step.action, Action::Commit(_, chunk) if Events::from_iter(chunk.deliveries()) == Events::BOTH),
        ),
        seen(
            "two deliveries of one event share a transaction",
            |_, step| matches!(step.action, Action::Commit(_, chunk) if chunk.second == Some(chunk.first)),
        ),
    ]
}

/// Where a round may need several transactions.
pub fn of_parts() -> Vec<Landmark<Delivery>> {
    vec![seen("a worker crashes with a part of its round committed", |_, step| {
        crashes_with(step, |round| !round.is_committed() && round.committed.0 != [0, 0])
    })]
}

/// Where a worker has two rounds in hand.
pub fn of_overlaps() -> Vec<Landmark<Delivery>> {
    vec![seen("a round is committed before one that was taken earlier", |_, step| {
        step.after.workers.iter().any(|worker| {
            matches!(worker.rounds, [Some(first), Some(second)] if !first.is_committed() && second.is_committed())
        })
    })]
}

/// Where there is a deletion.
pub fn of_deletions() -> Vec<Landmark<Delivery>> {
    vec![seen("a deleted row gets data and stays deleted", |_, step| {
        let [before, after] = [step.before, step.after].map(|state| state.database.row);
        before.deleted_at.is_some() && after.deleted_at == before.deleted_at && after.data != before.data
    })]
}

fn seen(name: &'static str, is_seen: fn(&Delivery, &Taken<'_>) -> bool) -> Landmark<Delivery> {
    Landmark { name, is_seen }
}

fn fault(step: &Taken<'_>, is_it: fn(Fault) -> bool) -> bool {
    matches!(step.action, Action::Fault(fault) if is_it(fault))
}

fn crashes_with(step: &Taken<'_>, is_it: fn(&Round) -> bool) -> bool {
    let Action::Fault(Fault::WorkerCrash(worker)) = step.action else { return false };
    step.before.workers[worker].rounds().any(is_it)
}

/// A transaction finds all its events in the ledger.
fn is_recognised(_: &Delivery, step: &Taken<'_>) -> bool {
    let Action::Commit(_, chunk) = step.action else { return false };
    let known = step.before.database.accounted();
    chunk.deliveries().all(|id| known.contains(id))
}

fn is_stale(_: &Delivery, step: &Taken<'_>) -> bool {
    let Action::Commit(_, chunk) = step.action else { return false };
    let outcome = |id| (step.before.database.ledger[id].outcome, step.after.database.ledger[id].outcome);
    chunk.deliveries().any(|id| outcome(id) == (None, Some(Outcome::Stale)))
}

fn in_hand(worker: &Worker) -> Events {
    let messages = worker.rounds().flat_map(|round| round.messages());
    messages.map(|message| message.0).fold(Events::NONE, Events::union)
}
