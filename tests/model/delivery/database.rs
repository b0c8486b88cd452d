//! What the statements of a transaction do. Those about one row wait for each other until they are committed, so a
//! transaction is one step.

use std::cmp;

use super::{
    Delivery,
    state::{Account, Database, Outcome, Progress},
};
use crate::{
    events::{EventId, Events},
    protocol::{Deletion, Guard},
    world::{Row, World},
};

impl Database {
    /// Merges events into the mirror: among themselves, and then as one row. Returns those that the row shows, if it has
    /// moved; a trigger on it fires then.
    pub fn merge(&mut self, model: &Delivery, events: &[EventId]) -> Events {
        if events.is_empty() {
            return Events::NONE;
        }
        let said = |id| Row {
            data: model.world.version(id).map(|(.., id)| id),
            deleted_at: model.world.deleted_at(id),
        };
        let change = events.iter().fold(Row::default(), |row, &id| model.join(row, said(id)).0);
        let old = self.row;
        let (row, has_moved) = model.join(old, change);
        if !has_moved {
            return Events::NONE;
        }
        self.row = row;
        for &id in events {
            let (is, was) = (shown(&model.world, row, id), shown(&model.world, old, id));
            let is_new = (0..2).any(|part| is[part] && (!was[part] || row == old));
            self.effects[id] += u8::from(is_new);
        }
        events.iter().copied().filter(|&id| shown(&model.world, row, id).contains(&true)).collect()
    }

    /// What a transaction does with events, of which this is known.
    pub fn commit(&mut self, model: &Delivery, progress: Progress, events: &[EventId]) {
        match progress {
            Progress::Begun => {
                let shown = self.merge(model, events);
                self.record(events, shown);
            }
            Progress::LookedUp(known) => {
                let fresh: Vec<_> = events.iter().copied().filter(|&id| !known.contains(id)).collect();
                let shown = self.merge(model, &fresh);
                self.record_again(&fresh, shown);
            }
            Progress::Merged(_, shown) => self.record(events, shown),
        }
    }

    /// Writes the ledger, whose key leaves alone what is there.
    pub fn record(&mut self, events: &[EventId], shown: Events) {
        let fresh: Vec<_> = events.iter().copied().filter(|&id| self.ledger[id].rows == 0).collect();
        self.record_again(&fresh, shown);
    }

    /// Writes the ledger as if it had no key.
    pub fn record_again(&mut self, events: &[EventId], shown: Events) {
        for &id in events {
            let Account { rows, outcome } = &mut self.ledger[id];
            *rows += 1;
            outcome.get_or_insert(if shown.contains(id) { Outcome::Applied } else { Outcome::Stale });
        }
    }
}

impl Delivery {
    /// The row with what is said of it, and whether it has been written.
    fn join(&self, old: Row, change: Row) -> (Row, bool) {
        let replaces = change.data.is_some_and(|new| self.replaces(old.data, new));
        let earliest = match (old.deleted_at, change.deleted_at) {
            (Some(old), Some(new)) => Some(cmp::min(old, new)),
            (old, new) => old.or(new),
        };
        let row = Row {
            data: if replaces { change.data } else { old.data },
            deleted_at: match self.protocol.deletion {
                Deletion::TakenBackByUpdates if replaces => change.deleted_at,
                Deletion::TakenBackByUpdates | Deletion::Stays => earliest,
            },
        };
        let is_written = replaces || row != old || self.protocol.guard == Guard::None;
        (row, is_written)
    }

    /// Whether the snapshot of an event takes the place of the one that is there.
    fn replaces(&self, old: Option<EventId>, new: EventId) -> bool {
        let version = |id| self.world.version(id);
        let updated_at = |id| version(id).map(|(updated_at, ..)| updated_at);
        let Some(old) = old else { return true };
        match self.protocol.guard {
            Guard::GreaterVersion => version(new) > version(old),
            Guard::LaterUpdatedAt => updated_at(new) > updated_at(old),
            Guard::NoEarlierUpdatedAt => updated_at(new) >= updated_at(old),
            Guard::None => true,
        }
    }
}

/// Whether the row shows the snapshot of an event, and whether it shows its deletion.
fn shown(world: &World, row: Row, id: EventId) -> [bool; 2] {
    let deleted_at = world.deleted_at(id);
    [row.data == Some(id), deleted_at.is_some() && row.deleted_at == deleted_at]
}
