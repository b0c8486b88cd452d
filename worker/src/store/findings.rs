//! What a database has against single events: the answer to a batch that was refused as a whole.

use super::error::Fault;

/// What the database has against one event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Why its change cannot be merged into the mirror.
    pub mirror: Option<Fault>,
    /// Why its row cannot be written into the ledger.
    pub ledger: Option<Fault>,
}

impl Findings {
    /// What is wrong with the event, if anything is.
    pub fn fault(&self) -> Option<&Fault> {
        self.mirror.as_ref().or(self.ledger.as_ref())
    }
}
