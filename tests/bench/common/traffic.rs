//! What is sent: signed events of the synthetic world.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use clerk_mirror::send::world::{Event, World};
use shared::signature::Secret;

/// The signing secret of the programs under test.
pub const SECRET: &str = "whsec_dGhlIHNlY3JldCBvZiB0aGUgYmVuY2g=";

/// Signs events as Svix does.
#[derive(Debug, Clone)]
pub struct Signer(Secret);

impl Signer {
    /// By [`SECRET`].
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(SECRET.parse()?))
    }

    /// The values of the three signature headers of `event`, sent at `now` (seconds since 1970).
    pub fn credentials(&self, event: &Event, now: i64) -> [String; 3] {
        let svix_id = event.svix_id.as_str();
        [svix_id.to_owned(), now.to_string(), self.0.sign(svix_id, now, &event.body)]
    }
}

/// Events: the same in every run.
pub struct Traffic {
    pub events: Vec<Event>,
    pub signer: Signer,
}

impl Traffic {
    /// The first `count` events of the world of a seed.
    pub fn new(seed: u64, count: usize) -> anyhow::Result<Self> {
        Self::of(World::new(seed).take(count).collect())
    }

    /// These events.
    pub fn of(events: Vec<Event>) -> anyhow::Result<Self> {
        Ok(Self { events, signer: Signer::new()? })
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64)
}

/// How many events, how large, and what share of them is about which kind of object.
impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.events.len();
        let bytes: usize = self.events.iter().map(|event| event.body.len()).sum();
        let mut counts = BTreeMap::<&str, usize>::new();
        for event in &self.events {
            let kind = event.event_type.split('.').next().unwrap_or_default();
            *counts.entry(kind).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| Reverse(*count));
        let shares: Vec<String> = counts
            .into_iter()
            .map(|(kind, count)| format!("{kind} {:.1} %", percent(count, total)))
            .collect();
        write!(f, "{total} events of {} bytes on average: {}", bytes / total.max(1), shares.join(", "))
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole as f64
}
