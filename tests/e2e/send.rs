//! Traffic of the synthetic world, sent by `clerk-mirror send`, and what the mirror must be after it.

use clerk_mirror::send::world::{World, expected};
use harness::{Process, binaries};
use worker::event::Millis;

use crate::{mirror::Mirror, signed::SECRET};

/// The first `count` events of the world of `seed`.
pub struct Traffic {
    pub seed: u64,
    pub count: usize,
}

impl Traffic {
    /// Starts sending it.
    pub fn send(&self, url: &str, more: &[&str]) -> Process {
        let (seed, count) = (self.seed.to_string(), self.count.to_string());
        let args = [
            "send",
            "--url",
            url,
            "--secret",
            SECRET,
            "--start",
            "2026-01-01",
            "--seed",
            &seed,
            "--count",
            &count,
        ];
        Process::start(&binaries().clerk_mirror, args.iter().chain(more), [] as [(&str, &str); 0])
    }
}

/// The mirror holds exactly what the traffic gives when it is applied in order.
#[track_caller]
pub fn assert_mirrors(mirror: &mut Mirror, traffic: &Traffic) {
    let events: Vec<_> = World::new(traffic.seed).take(traffic.count).collect();
    let expected = expected(&events).unwrap();
    let rows = mirror.rows();
    for (key, row) in &expected {
        let found = rows.get(key).unwrap_or_else(|| panic!("{key:?} is not in the mirror"));
        let version = row.version.as_ref();
        let version = version
            .map(|v| format!("{:015}:{:015}:{}", v.updated_at, v.timestamp, v.svix_id))
            .unwrap_or_default();
        assert_eq!(found.version, version, "{key:?}");
        assert_eq!(found.data, row.data, "{key:?}");
        let deleted_at = row.deleted_at.map(|ms| Millis::from_millis(ms).unwrap().to_rfc3339());
        assert_eq!(found.deleted_at, deleted_at, "{key:?}");
    }
    assert_eq!(rows.len(), expected.len(), "the mirror has rows that nobody sent");
}
