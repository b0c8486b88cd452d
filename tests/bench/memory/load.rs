//! What waits in the queue.

use std::{
    fmt::{self, Write},
    hash::{DefaultHasher, Hash, Hasher},
};

use anyhow::Context;
use clerk_mirror::send::world::{Event, World};
use serde::Serialize;
use serde_json::{Value, json};

const SEED: u64 = 1;
const LARGE_EVENTS: usize = 20;
const LARGE_BYTES: usize = 350_000;
const BYTES: usize = 2000;

/// Events of about one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Load {
    pub events: usize,
    bytes: usize,
}

impl Load {
    /// Many events of the usual size.
    pub fn long(events: usize) -> Self {
        Self { events, bytes: BYTES }
    }

    /// A few as large as they get.
    pub fn large() -> Self {
        Self { events: LARGE_EVENTS, bytes: LARGE_BYTES }
    }

    /// The world's events, each with as much metadata as it takes.
    pub fn events(self) -> impl Iterator<Item = anyhow::Result<Event>> {
        World::new(SEED).take(self.events).enumerate().map(move |(number, event)| {
            let missing = self.bytes.saturating_sub(event.body.len());
            let mut body: Value = serde_json::from_slice(&event.body)?;
            let data = body["data"].as_object_mut().context("an event has data")?;
            data.insert("public_metadata".into(), json!({ "text": text(number, missing) }));
            Ok(Event { body: serde_json::to_vec(&body)?.into(), ..event })
        })
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events of {} kB", self.events, self.bytes / 1000)
    }
}

/// Digits that do not compress by leaving out what is there already.
fn text(seed: usize, length: usize) -> String {
    let mut text = String::with_capacity(length + 16);
    for part in 0..length.div_ceil(16) {
        let mut hasher = DefaultHasher::new();
        (seed, part).hash(&mut hasher);
        // Writing to a string never fails.
        let _ = write!(text, "{:016x}", hasher.finish());
    }
    text.truncate(length);
    text
}
