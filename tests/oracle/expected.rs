//! What must be in the database: a plain fold over the events, written apart from the program and from its SQL.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde_json::Value;

use super::contents::{Contents, LEDGER, LedgerRow, MirrorRow};
use super::event::{Event, Fate};

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
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
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

    /// The table and the key of each of them.
    pub fn keys(&self) -> Vec<(String, String)> {
        let ledger = self.ledger.keys().map(|svix_id| (LEDGER.to_owned(), svix_id.clone()));
        self.objects.keys().cloned().chain(ledger).collect()
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

    /// Compares with what is there; the first thing that is wrong.
    pub fn check(&self, found: &Contents) -> Result<(), String> {
        self.compare(found).first().map_or(Ok(()), |first| Err(first.to_string()))
    }

    /// Compares with what is there; all that is wrong.
    pub fn compare(&self, found: &Contents) -> Vec<Discrepancy> {
        let mut wrong = self.compare_ledger(&found.ledger());
        wrong.extend(self.compare_mirror(&found.mirror()));
        wrong
    }

    fn compare_mirror(&self, found: &BTreeMap<(String, String), MirrorRow>) -> Vec<Discrepancy> {
        let extra = found.keys().filter(|key| !self.objects.contains_key(*key));
        let extra = extra.map(|key| Discrepancy::mirror(key, "no event speaks of it"));
        let different = self.objects.iter().filter_map(|(key, object)| {
            let Some(row) = found.get(key) else { return Some(Discrepancy::mirror(key, "it is not there")) };
            let expected = object.row();
            (*row != expected).then(|| Discrepancy::mirror(key, format!("{row}; expected: {expected}")))
        });
        extra.chain(different).collect()
    }

    fn compare_ledger(&self, found: &[LedgerRow]) -> Vec<Discrepancy> {
        let mut wrong = Vec::new();
        let mut outcomes = BTreeMap::new();
        for row in found {
            let id = row.svix_id.as_str();
            let Some(account) = self.ledger.get(id) else {
                wrong.push(Discrepancy::Unsent(id.to_owned()));
                continue;
            };
            if let Some(what) = account.wrong(row) {
                wrong.push(Discrepancy::Misrecorded { svix_id: id.to_owned(), what });
            }
            if outcomes.insert(id, row.outcome.as_str()).is_some() {
                wrong.push(Discrepancy::Doubled(id.to_owned()));
            }
        }
        let lost = self.ledger.keys().filter(|id| !outcomes.contains_key(id.as_str()));
        wrong.extend(lost.map(|id| Discrepancy::Lost(id.clone())));
        let applied = |id: &String| outcomes.get(id.as_str()).is_some_and(|outcome| *outcome == "applied");
        for (key, object) in &self.objects {
            if let Some(newest) = object.newest.as_ref().filter(|newest| !applied(&newest.svix_id)) {
                let what = format!("it shows {:?}, which is not applied", newest.svix_id);
                wrong.push(Discrepancy::mirror(key, what));
            }
            if let Some((_, ids)) = object.deleted.as_ref().filter(|(_, ids)| !ids.iter().any(applied)) {
                let what = format!("it was deleted by one of {ids:?}, none of which is applied");
                wrong.push(Discrepancy::mirror(key, what));
            }
        }
        wrong
    }
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discrepancy {
    /// The ledger does not have this event.
    Lost(String),
    /// The ledger has this event more than once.
    Doubled(String),
    /// The ledger has an event that is none of those.
    Unsent(String),
    /// What the ledger says of an event.
    Misrecorded { svix_id: String, what: String },
    /// A row of the mirror.
    Mirror { table: String, id: String, what: String },
}

impl Discrepancy {
    fn mirror((table, id): &(String, String), what: impl Into<String>) -> Self {
        Self::Mirror { table: table.clone(), id: id.clone(), what: what.into() }
    }
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(svix_id) => write!(f, "the ledger has no {svix_id:?}"),
            Self::Doubled(svix_id) => write!(f, "the ledger has {svix_id:?} twice"),
            Self::Unsent(svix_id) => write!(f, "no event was {svix_id:?}"),
            Self::Misrecorded { svix_id, what } => write!(f, "the ledger says of {svix_id:?} {what}"),
            Self::Mirror { table, id, what } => write!(f, "{table} {id:?}: {what}"),
        }
    }
}

impl Account {
    /// What a row of the ledger says wrongly of the event.
    fn wrong(&self, row: &LedgerRow) -> Option<String> {
        let known = (row.event_type.as_deref(), row.object_id.as_deref(), row.occurred_at);
        let expected = (self.event_type, self.object_id.as_deref(), self.occurred_at);
        if known != expected {
            return Some(format!("{known:?} and not {expected:?}"));
        }
        (!self.fate.allows(&row.outcome))
            .then(|| format!("that it is {}; it must be {:?}", row.outcome, self.fate))
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
