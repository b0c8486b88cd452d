//! Which of SQLite's errors are no fault of the data. Diesel keeps the codes to itself; the messages are constants
//! in English.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::store::error::StoreError;

/// Whole messages.
const ELSEWHERE: [&str; 15] = [
    "access permission denied",
    "attempt to write a readonly database",
    "database disk image is malformed",
    "database is locked",
    "database or disk is full",
    "database schema has changed",
    "database table is locked",
    "disk I/O error",
    "file is not a database",
    "interrupted",
    "large file support is disabled",
    "locking protocol",
    "not authorized",
    "out of memory",
    "unable to open database file",
];

/// Beginnings of messages. The last two follow an error that has rolled the transaction back by itself.
const ELSEWHERE_BEGINS: [&str; 6] = [
    "database schema is locked: ",
    "database table is locked: ",
    "no such column: ",
    "no such table: ",
    "cannot rollback - no transaction is active",
    "no such savepoint: ",
];

/// The same error, retryable if it is no fault of the data.
pub(super) fn judge(error: StoreError) -> StoreError {
    match &error {
        StoreError::Suspect(DieselError::DatabaseError(DatabaseErrorKind::Unknown, information))
            if is_elsewhere(information.message()) =>
        {
            error.into_retryable()
        }
        _ => error,
    }
}

fn is_elsewhere(message: &str) -> bool {
    ELSEWHERE.contains(&message)
        || ELSEWHERE_BEGINS.iter().any(|begin| message.starts_with(begin))
        || (message.starts_with("table ") && message.contains(" has no column named "))
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn connection(folder: &TempDir) -> SqliteConnection {
        SqliteConnection::establish(folder.path().join("test.db").to_str().unwrap()).unwrap()
    }

    /// A database with a table and more than a page of rows.
    fn database() -> (TempDir, SqliteConnection) {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connection(&folder);
        connection
            .batch_execute(
                "CREATE TABLE t (x UNIQUE);
                 INSERT INTO t SELECT randomblob(500) FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]');",
            )
            .unwrap();
        (folder, connection)
    }

    #[track_caller]
    fn assert_retryable(connection: &mut SqliteConnection, sql: &str, message: &str) {
        let error = connection.batch_execute(sql).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(judge(error.into()).retryable(), "{message}");
    }

    #[test]
    fn a_lock_of_another_process_is_no_fault_of_the_data() {
        let (folder, mut connection) = database();
        let mut other = self::connection(&folder);
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        assert_retryable(&mut connection, "INSERT INTO t VALUES (1)", "database is locked");
    }

    #[test]
    fn a_full_disk_is_no_fault_of_the_data() {
        let (_folder, mut connection) = database();
        connection.batch_execute("PRAGMA max_page_count = 1").unwrap();
        let insert = "INSERT INTO t VALUES (randomblob(100000))";
        assert_retryable(&mut connection, insert, "database or disk is full");
    }

    #[test]
    fn a_database_that_is_read_only_is_no_fault_of_the_data() {
        let (_folder, mut connection) = database();
        connection.batch_execute("PRAGMA query_only = ON").unwrap();
        let insert = "INSERT INTO t VALUES (1)";
        assert_retryable(&mut connection, insert, "attempt to write a readonly database");
    }

    #[test]
    fn a_damaged_file_is_no_fault_of_the_data() {
        let (folder, connection) = database();
        drop(connection);
        let path = folder.path().join("test.db");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[100..].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        let select = "SELECT * FROM t";
        assert_retryable(&mut self::connection(&folder), select, "database disk image is malformed");
        std::fs::write(&path, "no database at all, but long enough to be one".repeat(100)).unwrap();
        assert_retryable(&mut self::connection(&folder), select, "file is not a database");
    }

    #[test]
    fn a_schema_that_lacks_something_is_no_fault_of_the_data() {
        let (_folder, mut connection) = database();
        assert_retryable(&mut connection, "INSERT INTO u VALUES (1)", "no such table: u");
        assert_retryable(&mut connection, "UPDATE t SET x = y", "no such column: y");
        let insert = "INSERT INTO t (y) VALUES (1)";
        assert_retryable(&mut connection, insert, "table t has no column named y");
    }

    #[test]
    fn a_transaction_that_has_ended_by_itself_is_no_fault_of_the_data() {
        let (_folder, mut connection) = database();
        assert_retryable(&mut connection, "ROLLBACK", "cannot rollback - no transaction is active");
        assert_retryable(&mut connection, "ROLLBACK TO s", "no such savepoint: s");
    }

    #[test]
    fn what_a_trigger_raises_may_be_a_fault_of_the_data() {
        let (_folder, mut connection) = database();
        connection
            .batch_execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON t BEGIN SELECT raise(ABORT, 'no, thanks'); END",
            )
            .unwrap();
        let error = connection.batch_execute("INSERT INTO t VALUES (1)").unwrap_err();
        assert!(!judge(error.into()).retryable());
    }
}
