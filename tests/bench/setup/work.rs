//! What the events are about.

use std::{collections::BTreeSet, fmt};

use anyhow::Context;
use bytes::Bytes;
use clap::ValueEnum;
use clerk_mirror::send::world::{Event, World, expected};
use serde::Serialize;
use serde_json::{Value, json};

use crate::common::Traffic;

const SEED: u64 = 1;
/// How many different users the new ones are copies of.
const TEMPLATES: usize = 100;
const HOT_USERS: usize = 1000;

/// One of the kinds of traffic that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// All types, as a synthetic world sends them.
    Mix,
    /// Each event makes a user.
    New,
    /// Each event updates one of a thousand users.
    Hot,
    /// The mix, all of which is in the ledger already.
    Duplicates,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mix => "a mix of all types",
            Self::New => "new users",
            Self::Hot => "updates of 1,000 users",
            Self::Duplicates => "duplicates of the mix",
        })
    }
}

impl Work {
    /// The first `count` events of this kind, and how many rows the mirror has of them.
    pub fn events(self, count: usize) -> anyhow::Result<(Traffic, usize)> {
        let traffic = Traffic::new(SEED, count)?;
        let rows = match self {
            Self::Mix | Self::Duplicates => expected(&traffic.events)?.len(),
            Self::New => count,
            Self::Hot => count.min(HOT_USERS),
        };
        match self {
            Self::Mix | Self::Duplicates => Ok((traffic, rows)),
            Self::New | Self::Hot => Ok((Traffic::of(users(traffic.events, rows)?)?, rows)),
        }
    }
}

/// Events with the ids and times of the world's, each about one of `distinct` users in turn.
fn users(events: Vec<Event>, distinct: usize) -> anyhow::Result<Vec<Event>> {
    let created = World::new(SEED).filter(|event| event.event_type == "user.created").take(TEMPLATES);
    let mut templates = created
        .map(|event| Ok(serde_json::from_slice(&event.body)?))
        .collect::<anyhow::Result<Vec<Value>>>()?;
    let mut seen = BTreeSet::new();
    let event = |(number, event): (usize, Event)| {
        let user = number % distinct;
        let event_type = if seen.insert(user) { "user.created" } else { "user.updated" };
        let template = &mut templates[number % TEMPLATES];
        template["type"] = json!(event_type);
        template["timestamp"] = json!(event.timestamp);
        let data = template["data"].as_object_mut().context("an event has data")?;
        data.insert("id".into(), json!(format!("user_{user}")));
        data.insert("updated_at".into(), json!(event.timestamp));
        Ok(Event { event_type, body: Bytes::from(serde_json::to_vec(&template)?), ..event })
    };
    events.into_iter().enumerate().map(event).collect()
}
