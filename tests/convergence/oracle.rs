//! What must be in the database: a plain fold over the events, written apart from the program and from its SQL.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use crate::contents::{Contents, LedgerRow, MirrorRow};
use crate::event::{Event, Fate};

/// What a set of events must leave behind, in whatever order and however often they arrive.
#[derive(Default)]
pub struct Expected {
    objects: BTreeMap<(String, String), Object>,
    ledger: BTreeMap<String, Account>,
}

#[derive(Default)]
struct Object {
    newest: Option<Snapshot>,
    /// The earliest deletion's time, and the events that tell it.
    deleted: Option<(i64, Vec<String>)>,
}

struct Snapshot {
    updated_at: i64,
    occurred_at: i64,
    svix_id: String,
    data: Value,
}

struct Account {
    event_type: Option<&'static str>,
    object_id: Option<String>,
    occurred_at: i64,
    fate: Fate,
}

impl Expected {
    pub fn of(events: &[Event]) -> Self {
        let mut expected = Self::default();
        for event in events {
            expected.account(event);
            if event.fate() == Fate::Mirrored {
                let key = (event.kind.table.to_owned(), event.object_id.clone());
                expected.objects.entry(key).or_default().learn(event);
            }
        }
        expected
    }

    /// How many rows there must be.
    pub fn len(&self) -> usize {
        self.objects.len() + self.ledger.len()
    }

    fn account(&mut self, event: &Event) {
        let account = Account {
            event_type: event.readable_type(),
            object_id: event.readable_id().map(str::to_owned),
            occurred_at: event.occurred_at(),
            fate: event.fate(),
        };
        match self.ledger.entry(event.svix_id.clone()) {
            Entry::Vacant(free) => drop(free.insert(account)),
            Entry::Occupied(taken) => panic!("two events have the svix-id {}", taken.key()),
        }
    }

    /// Compares with what is there.
    pub fn check(&self, found: &Contents) -> Result<(), String> {
        self.check_mirror(&found.mirror())?;
        self.check_ledger(&found.ledger())
    }

    fn check_mirror(&self, found: &BTreeMap<(String, String), MirrorRow>) -> Result<(), String> {
        if let Some(extra) = found.keys().find(|key| !self.objects.contains_key(*key)) {
            return Err(format!("a row that no event speaks of: {extra:?}"));
        }
        for (key, object) in &self.objects {
            let Some(row) = found.get(key) else { return Err(format!("no row for {key:?}")) };
            let expected = object.row();
            if *row != expected {
                return Err(format!("{key:?} {row}; expected: {expected}"));
            }
        }
        Ok(())
    }

    fn check_ledger(&self, found: &[LedgerRow]) -> Result<(), String> {
        let mut outcomes = BTreeMap::new();
        for row in found {
            let id = row.svix_id.as_str();
            let Some(account) = self.ledger.get(id) else { return Err(format!("no event was {id:?}")) };
            let known = (row.event_type.as_deref(), row.object_id.as_deref(), row.occurred_at);
            let expected = (account.event_type, account.object_id.as_deref(), account.occurred_at);
            if known != expected {
                return Err(format!("the ledger says of {id:?} {known:?} and not {expected:?}"));
            }
            if !account.fate.allows(&row.outcome) {
                return Err(format!("{id:?}, to be {:?}, is {}", account.fate, row.outcome));
            }
            if outcomes.insert(id, row.outcome.as_str()).is_some() {
                return Err(format!("the ledger has {id:?} twice"));
            }
        }
        if let Some(lost) = self.ledger.keys().find(|id| !outcomes.contains_key(id.as_str())) {
            return Err(format!("the ledger has no {lost:?}"));
        }
        let applied = |id: &String| outcomes[id.as_str()] == "applied";
        for (key, object) in &self.objects {
            if let Some(newest) = object.newest.as_ref().filter(|newest| !applied(&newest.svix_id)) {
                return Err(format!("{key:?} shows {:?}, which is not applied", newest.svix_id));
            }
            if let Some((_, ids)) = object.deleted.as_ref().filter(|(_, ids)| !ids.iter().any(applied)) {
                return Err(format!("{key:?} was deleted by one of {ids:?}, none of which is applied"));
            }
        }
        Ok(())
    }
}

impl Fate {
    fn allows(self, outcome: &str) -> bool {
        match self {
            // Which of the two depends on what came before.
            Self::Mirrored => matches!(outcome, "applied" | "stale"),
            Self::Ignored => outcome == "ignored",
            Self::Dead => outcome == "dead",
        }
    }
}

impl Object {
    fn learn(&mut self, event: &Event) {
        let occurred_at = event.occurred_at();
        if let Some(data) = event.snapshot() {
            let updated_at = event.updated_at().unwrap_or(occurred_at);
            let snapshot = Snapshot { updated_at, occurred_at, svix_id: event.svix_id.clone(), data };
            if self.newest.as_ref().is_none_or(|newest| snapshot.order() > newest.order()) {
                self.newest = Some(snapshot);
            }
        }
        if event.is_deletion() {
            let id = event.svix_id.clone();
            match &mut self.deleted {
                Some((earliest, ids)) if *earliest == occurred_at => ids.push(id),
                Some((earliest, _)) if *earliest < occurred_at => {}
                later => *later = Some((occurred_at, vec![id])),
            }
        }
    }

    fn row(&self) -> MirrorRow {
        MirrorRow {
            data: self.newest.as_ref().map(|newest| newest.data.clone()),
            shows: self.newest.as_ref().map(|newest| newest.svix_id.clone()),
            deleted_at: self.deleted.as_ref().map(|(time, _)| *time),
        }
    }
}

impl Snapshot {
    fn order(&self) -> (i64, i64, &[u8]) {
        (self.updated_at, self.occurred_at, self.svix_id.as_bytes())
    }
}
