//! The cases: what any backend has to do.

mod columns;
mod erasure;
mod ledger;
mod merging;
mod migrations;
mod refusals;
mod replay;
mod retention;
mod schema;
mod views;

pub use columns::*;
pub use erasure::*;
pub use ledger::*;
pub use merging::*;
pub use migrations::*;
pub use refusals::*;
pub use replay::*;
pub use retention::*;
pub use schema::*;
pub use views::*;

use worker::store::LedgerRow;

use crate::database::Database;

fn outcome_of(database: &dyn Database, svix_id: &str) -> LedgerRow {
    database.store().event(svix_id).unwrap().unwrap_or_else(|| panic!("{svix_id} is not in the ledger"))
}

/// An expression for a boolean column, whatever the backend's booleans look like.
fn yes_or_no(column: &str) -> String {
    format!("CASE WHEN {column} THEN 'yes' WHEN NOT {column} THEN 'no' END")
}
