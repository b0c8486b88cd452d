//! The cases: what any backend has to do.

mod columns;
mod ledger;
mod merging;
mod migrations;
mod retention;

pub use columns::*;
pub use ledger::*;
pub use merging::*;
pub use migrations::*;
pub use retention::*;

use worker::store::LedgerRow;

use crate::database::Database;

fn outcome_of(database: &dyn Database, svix_id: &str) -> LedgerRow {
    database.store().event(svix_id).unwrap().unwrap_or_else(|| panic!("{svix_id} is not in the ledger"))
}
