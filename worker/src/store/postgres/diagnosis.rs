//! Asking the server for the SQLSTATE of an error.
//!
//! Diesel keeps it to itself, and the message is in whatever language the server speaks. So the statement is run once
//! more within a block that catches the error and writes both down.

use diesel::pg::{Pg, PgQueryBuilder};
use diesel::prelude::*;
use diesel::query_builder::{QueryBuilder, QueryFragment};
use diesel::result::Error as DieselError;
use diesel::sql_types::Text;

use crate::event::ascii;
use crate::store::error::{Fault, StoreError};

/// Classes of SQLSTATE, and single ones, that say nothing against the data: the server, the connection, other
/// transactions, the schema or a right is what is wrong.
const ELSEWHERE: [&str; 17] = [
    "08", // connection exception
    "25", // invalid transaction state, a read-only one among them
    "26", // a prepared statement is gone
    "28", // invalid authorization
    "3D", "3F",    // no such database, no such schema
    "40",    // rolled back: deadlock, serialization failure
    "42",    // no such table or column, no right
    "53",    // disk full, out of memory, too many connections
    "55",    // not in the state for it, a lock not to be had
    "57",    // cancelled, timed out, shutting down
    "58",    // an error of the operating system
    "72",    // snapshot too old
    "F0",    // configuration file
    "HV",    // foreign data
    "XX",    // internal error, corruption
    "0A000", // a cached plan that no longer fits, among other things
];

/// A statement about one row, and what it is given.
pub(super) trait OneRow: QueryFragment<Pg> {
    /// The single elements of its arrays and their types, in the order in which they are bound.
    fn arguments(&self) -> Vec<(Option<String>, &'static str)>;
}

/// What the server has against a statement now; `None` if it has run. The transaction is usable in either case.
pub(super) fn diagnose(
    connection: &mut PgConnection,
    statement: &impl OneRow,
) -> Result<Option<Fault>, StoreError> {
    let (arguments, types): (Vec<_>, Vec<_>) = statement.arguments().into_iter().unzip();
    // The block takes no parameters. As ASCII they reach it whatever they are: what is wrong with them comes up there.
    let arguments =
        serde_json::to_string(&arguments).map_err(|error| DieselError::SerializationError(error.into()))?;
    diesel::sql_query("SELECT set_config('clerk_mirror.arguments', $1, true)")
        .bind::<Text, _>(ascii(&arguments))
        .execute(connection)?;
    diesel::sql_query(block(statement, &types)?).execute(connection)?;
    let diagnosis: Diagnosis = diesel::sql_query(
        "SELECT current_setting('clerk_mirror.sqlstate') AS sqlstate, \
                current_setting('clerk_mirror.message') AS message",
    )
    .get_result(connection)?;
    diagnosis.judge()
}

/// `OTHERS` are all but the two named beside it.
fn block(statement: &impl OneRow, types: &[&str]) -> QueryResult<String> {
    let mut sql = PgQueryBuilder::default();
    statement.to_sql(&mut sql, &Pg)?;
    let sql = sql.finish();
    let given =
        types.iter().enumerate().map(|(index, of_type)| format!("ARRAY[(given ->> {index})::{of_type}]"));
    let given = Vec::from_iter(given).join(", ");
    Ok(format!(
        "DO $block$
         DECLARE
             given json := current_setting('clerk_mirror.arguments')::json;
             code text := '';
             reason text := '';
         BEGIN
             BEGIN
                 EXECUTE $statement${sql}$statement$ USING {given};
             EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
                 GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, reason = MESSAGE_TEXT;
             END;
             PERFORM set_config('clerk_mirror.sqlstate', code, true), set_config('clerk_mirror.message', reason, true);
         END
         $block$"
    ))
}

#[derive(QueryableByName)]
struct Diagnosis {
    #[diesel(sql_type = Text)]
    sqlstate: String,
    #[diesel(sql_type = Text)]
    message: String,
}

impl Diagnosis {
    fn judge(self) -> Result<Option<Fault>, StoreError> {
        if self.sqlstate.is_empty() {
            return Ok(None);
        }
        let elsewhere = ELSEWHERE.iter().any(|class| self.sqlstate.starts_with(class));
        let fault = Fault { sqlstate: Some(self.sqlstate), message: self.message };
        if elsewhere { Err(StoreError::Elsewhere(fault)) } else { Ok(Some(fault)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(sqlstate: &str) -> Result<Option<Fault>, StoreError> {
        Diagnosis { sqlstate: sqlstate.to_owned(), message: "message".to_owned() }.judge()
    }

    #[test]
    fn what_says_nothing_against_the_data_is_retryable() {
        for sqlstate in [
            "08006", "25006", "26000", "28000", "3D000", "3F000", "40001", "40P01", "42501", "42703",
            "42P01", "53100", "53200", "53300", "53400", "55000", "55P03", "57014", "57P01", "57P03",
            "58030", "72000", "F0000", "HV000", "XX000", "XX001", "0A000",
        ] {
            assert!(judge(sqlstate).is_err_and(|error| error.retryable()), "{sqlstate}");
        }
    }

    #[test]
    fn what_is_in_the_data_or_raised_by_a_trigger_is_a_fault_of_the_event() {
        for sqlstate in [
            "21000", "22001", "22003", "22021", "22P02", "22P05", "23502", "23505", "23514", "54000",
            "54001", "P0001", "P0004", "UE001",
        ] {
            let fault = judge(sqlstate).unwrap().unwrap();
            assert_eq!(fault.to_string(), format!("message (SQLSTATE {sqlstate})"));
        }
        assert_eq!(judge("").unwrap(), None);
    }
}
