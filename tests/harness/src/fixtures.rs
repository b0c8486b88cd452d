//! The event fixtures in `tests/fixtures`, and what each must become.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One fixture, and what must be in ledger and mirror when it is applied to an empty database.
#[derive(Clone, Debug, Deserialize)]
pub struct Fixture {
    /// The file, below `tests/fixtures/events`.
    pub file: String,
    /// The svix-id it is sent under.
    pub svix_id: String,
    /// The event type, where it can be read.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// The outcome in the ledger.
    pub outcome: String,
    /// The mirror table it lands in.
    pub table: Option<String>,
    /// The object's id, where it can be read.
    pub object_id: Option<String>,
    /// Whether the mirror row says that the object is deleted.
    pub deleted: bool,
    /// When it happened, in milliseconds; none where only the svix-id tells.
    pub occurred_at_ms: Option<i64>,
    /// What the reason says, in any case, if it is dead.
    pub reason_contains: Option<String>,
}

impl Fixture {
    /// The request body.
    ///
    /// # Panics
    /// If the file cannot be read.
    pub fn body(&self) -> Vec<u8> {
        let path = folder().join(&self.file);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Every fixture of the index.
///
/// # Panics
/// If the index cannot be read.
pub fn fixtures() -> Vec<Fixture> {
    let index = fs::read_to_string(folder().join("INDEX.json")).expect("the index of the fixtures");
    serde_json::from_str(&index).expect("the index is an array of fixtures")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/events")
}
