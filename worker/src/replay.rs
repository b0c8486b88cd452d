//! Replaying: events of the ledger are applied again, by the same decoding and the same merge as those of the queue.

use std::ops::ControlFlow;

use serde::Serialize;
use shared::delivery::Delivery;

use crate::{
    apply::apply_batch_by,
    event::{Millis, NOT_AS_SIGNED, Policy, Redacted},
    store::{LedgerRow, Outcome, Selection, Store, StoreError},
};

/// How many events are replayed in one transaction.
pub const BATCH: u16 = 500;

/// How events are replayed.
pub struct Replay<'a> {
    /// The mirror and the ledger.
    pub store: &'a dyn Store,
    /// Only events of this Clerk instance are mirrored.
    pub instance_id: Option<String>,
    /// Whether also what may be forged is replayed: events whose signature a worker found wrong.
    pub unsigned: bool,
    /// Whether nothing is changed, and only said what would be.
    pub dry_run: bool,
}

/// What became of the events that were to be replayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All of them.
    pub selected: u64,
    /// They have moved a mirror row.
    pub applied: u64,
    /// The mirror turned out to know better.
    pub stale: u64,
    /// There turned out to be nothing to mirror.
    pub ignored: u64,
    /// They cannot be applied, for another reason than before.
    pub dead: u64,
    /// They have changed nothing.
    pub unchanged: u64,
    /// Of these, the dead: the reason is still there.
    pub still_dead: u64,
    /// They were left alone, because the signature was wrong.
    pub skipped_unsigned: u64,
    /// They were left alone, because nothing of their payload is kept.
    pub skipped_without_payload: u64,
}

impl Replay<'_> {
    /// Replays a selection, those received first first, and tells `after_batch` how far it is. Stops early if that
    /// says so.
    pub fn selection(
        &self,
        selection: &Selection,
        summary: &mut Summary,
        mut after_batch: impl FnMut(&Summary) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let mut last = None;
        loop {
            let rows = self.store.select(selection, last.as_ref(), BATCH)?;
            let is_last_page = rows.len() < usize::from(BATCH);
            last = rows.last().map(LedgerRow::place);
            self.batch(rows, summary)?;
            let next = after_batch(summary);
            if is_last_page {
                return Ok(ControlFlow::Continue(()));
            }
            if next.is_break() {
                return Ok(next);
            }
        }
    }

    /// Replays a batch of different events.
    pub fn batch(&self, rows: Vec<LedgerRow>, summary: &mut Summary) -> Result<(), StoreError> {
        let selected = rows.len();
        let (mut unsigned, mut without_payload) = (0, 0);
        let mut replayed = Vec::with_capacity(rows.len());
        for row in rows {
            if !self.unsigned && may_be_forged(&row) {
                unsigned += 1;
            } else if let Some(event) = Replayed::new(row) {
                replayed.push(event);
            } else {
                without_payload += 1;
            }
        }
        // What comes from the ledger was verified when it got there, and the signature is not kept.
        let policy = Policy { instance_id: self.instance_id.clone(), verifier: None };
        let redacted: Vec<_> = replayed.iter().map(|event| Redacted::new(&event.delivery)).collect();
        let entries: Vec<_> = redacted
            .iter()
            .zip(&replayed)
            .map(|(redacted, event)| {
                let mut entry = redacted.entry(&policy);
                entry.occurred_at = event.occurred_at;
                entry
            })
            .collect();
        let outcomes =
            apply_batch_by(&|entries| self.store.replay(entries, self.dry_run), self.store, &entries)?;

        summary.selected += selected as u64;
        summary.skipped_unsigned += unsigned;
        summary.skipped_without_payload += without_payload;
        for (outcome, event) in outcomes.into_iter().zip(&replayed) {
            summary.add(outcome, event.was);
        }
        Ok(())
    }
}

/// An event of the ledger, as if it had been delivered again.
struct Replayed {
    delivery: Delivery,
    /// What the ledger says, which need not be what the payload says: nothing of it may have been read back then.
    occurred_at: Millis,
    was: Outcome,
}

impl Replayed {
    /// Nothing if there is nothing to decode.
    fn new(row: LedgerRow) -> Option<Self> {
        let delivery = Delivery {
            svix_id: row.svix_id,
            svix_timestamp: 0,
            svix_signature: String::new(),
            received_at: row.received_at.timestamp_millis(),
            traceparent: None,
            body: row.payload?.into_bytes().into(),
        };
        Some(Self { delivery, occurred_at: Millis::from(row.occurred_at), was: row.outcome })
    }
}

fn may_be_forged(row: &LedgerRow) -> bool {
    row.outcome == Outcome::Dead && row.error.as_deref().is_some_and(|error| error.contains(NOT_AS_SIGNED))
}

impl Summary {
    fn add(&mut self, outcome: Outcome, was: Outcome) {
        match outcome {
            Outcome::Applied => self.applied += 1,
            Outcome::Stale => self.stale += 1,
            Outcome::Ignored => self.ignored += 1,
            Outcome::Dead => self.dead += 1,
            Outcome::Duplicate => {
                self.unchanged += 1;
                self.still_dead += u64::from(was == Outcome::Dead);
            }
        }
    }

    /// How many were left alone.
    pub fn skipped(&self) -> u64 {
        self.skipped_unsigned + self.skipped_without_payload
    }
}
