//! What is promised.

use crate::{
    delivery::{Delivery, Hold, Outcome, State},
    events::{EventId, Events},
    explorer::{Claim, Property, Step},
    world::Row,
};

/// A 2xx has left: the event is in the queue, for anybody or held by a worker, or it is committed.
pub const DURABLE: &str = "acknowledged means durable";
/// Never two rows in the ledger for one svix-id.
pub const ACCOUNTED_ONCE: &str = "accounted for at most once";
/// In the end every event is accepted and has its row, and nothing is left anywhere.
pub const ACCOUNTED_FOR: &str = "accounted for in the end";
/// What a trigger on the mirror does, it does at most once for each event.
pub const EFFECT_ONCE: &str = "an effect at most once";
/// The ledger says `applied` of exactly those events that had their effect, from the commit on that made it.
pub const LEDGER_IS_TRUE: &str = "the ledger tells what happened";
/// The row is what the events in the ledger make of it, at any moment.
pub const ONE_STATE: &str = "mirror and ledger agree";
/// In the end the row is what the accepted events make of it, in whatever order they came.
pub const CONVERGENCE: &str = "convergence";
/// Whoever reads the row never sees it older than before.
pub const NO_STEP_BACK: &str = "never a step back";

pub fn all() -> Vec<Property<Delivery>> {
    vec![
        Property { name: DURABLE, claim: Claim::Always(is_durable) },
        Property {
            name: ACCOUNTED_ONCE,
            claim: Claim::Always(|_, state: &State| each(|id| state.database.ledger[id].rows <= 1)),
        },
        Property { name: ACCOUNTED_FOR, claim: Claim::InTheEnd(is_accounted_for) },
        Property {
            name: EFFECT_ONCE,
            claim: Claim::Always(|_, state: &State| each(|id| state.database.effects[id] <= 1)),
        },
        Property { name: LEDGER_IS_TRUE, claim: Claim::Always(ledger_is_true) },
        Property { name: ONE_STATE, claim: Claim::Always(is_one_state) },
        Property { name: CONVERGENCE, claim: Claim::InTheEnd(has_converged) },
        Property { name: NO_STEP_BACK, claim: Claim::EachStep(has_not_stepped_back) },
    ]
}

fn each(holds: impl Fn(EventId) -> bool) -> bool {
    EventId::ALL.into_iter().all(holds)
}

fn is_durable(_: &Delivery, state: &State) -> bool {
    let rounds = state.workers.iter().flat_map(|worker| worker.rounds());
    let held = rounds.filter(|round| round.hold == Hold::Unacknowledged).flat_map(|round| round.messages());
    let queued = state.ready.iter().chain(held);
    let durable = queued.map(|message| message.0).fold(state.database.accounted(), Events::union);
    state.accepted.iter().all(|id| durable.contains(id))
}

fn is_accounted_for(_: &Delivery, state: &State) -> bool {
    let nothing_is_left = state.published.is_empty()
        && state.confirms.is_empty()
        && state.ready.is_empty()
        && state.workers.iter().all(|worker| worker.is_idle());
    nothing_is_left && state.accepted == Events::BOTH && state.database.accounted() == Events::BOTH
}

fn ledger_is_true(_: &Delivery, State { database, .. }: &State) -> bool {
    each(|id| (database.ledger[id].outcome == Some(Outcome::Applied)) == (database.effects[id] > 0))
}

fn is_one_state(model: &Delivery, State { database, .. }: &State) -> bool {
    database.row == model.world.fold(database.accounted())
}

fn has_converged(model: &Delivery, state: &State) -> bool {
    state.database.row == model.world.fold(state.accepted)
}

fn has_not_stepped_back(model: &Delivery, step: &Step<'_, Delivery>) -> bool {
    let [before, after] = [step.before, step.after].map(|state| state.database.row);
    if before == after {
        return true;
    }
    let version = |row: Row| row.data.and_then(|id| model.world.version(id));
    let deletion_stays = match (before.deleted_at, after.deleted_at) {
        (None, _) => true,
        (Some(before), after) => after.is_some_and(|after| after <= before),
    };
    version(after) >= version(before) && deletion_stays
}
