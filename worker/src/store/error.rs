//! What can go wrong with the database, and whether the data may be the reason.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use diesel::r2d2::PoolError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Why a store cannot be opened. Never repeats the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither backend's scheme.
    #[error("the database URL must begin with postgres://, postgresql:// or sqlite:")]
    Scheme,
    /// The rest of a PostgreSQL URL cannot be read.
    #[error("the database URL is malformed: {0}")]
    Url(&'static str),
    /// A SQLite URL without a path to a file.
    #[error("the database URL must name a file, as in sqlite:clerk.db")]
    NoFile,
    /// The folder a SQLite file would be created in does not exist.
    #[error("the folder of the database does not exist: {}", .0.display())]
    NoFolder(PathBuf),
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection was to be had.
    #[error("cannot connect to the database: {0}")]
    Connect(#[source] PoolError),
    /// An answer is overdue that the database would have given by now.
    #[error("no answer from the database")]
    Silent,
    /// The fault is not in the data: the same call may succeed later.
    #[error("{0}")]
    Retry(#[source] DieselError),
    /// The fault may be in the data, and may not.
    #[error("{0}")]
    Suspect(#[source] DieselError),
    /// By its SQLSTATE the fault is not in the data: the same call may succeed later.
    #[error("{0}")]
    Elsewhere(Fault),
    /// A migration cannot be applied.
    #[error("cannot migrate the database: {0}")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Whether the same call may succeed later, with the same data.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Silent | Self::Retry(_) | Self::Elsewhere(_) => true,
            Self::Suspect(_) | Self::Migration(_) => false,
        }
    }

    /// The same error, after it has turned out that the data is not the reason.
    pub(crate) fn into_retryable(self) -> Self {
        match self {
            Self::Suspect(error) => Self::Retry(error),
            other => other,
        }
    }

    /// Whether the connection is of no more use.
    pub(super) fn lost_connection(&self) -> bool {
        use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
        match self {
            Self::Retry(error) => matches!(
                error,
                DieselError::DatabaseError(ClosedConnection | UnableToSendCommand, _)
                    | DieselError::BrokenTransactionManager
            ),
            _ => false,
        }
    }

    /// The same error, of a statement that took this long. One that was cut off by its timeout waited for a lock
    /// or for a server that is busy; the error itself cannot tell, because diesel hides the SQLSTATE and the
    /// message may be in any language. To know it here spares the server an examination that would wait in vain once more.
    pub(super) fn after(self, took: Duration, timeout: Duration) -> Self {
        // The server's clock and ours need not run at quite the same speed.
        if took >= timeout.mul_f64(0.95) { self.into_retryable() } else { self }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        Self::Connect(error)
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        if not_in_the_data(&error) { Self::Retry(error) } else { Self::Suspect(error) }
    }
}

fn not_in_the_data(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(kind, _) => matches!(
            kind,
            DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ReadOnlyTransaction
        ),
        DieselError::RollbackErrorOnCommit { commit_error, .. } => not_in_the_data(commit_error),
        DieselError::BrokenTransactionManager
        | DieselError::AlreadyInTransaction
        | DieselError::NotInTransaction
        | DieselError::RollbackTransaction => true,
        _ => false,
    }
}

/// What a database says is wrong: a message, and PostgreSQL's SQLSTATE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Five characters that mean the same whatever the language of the message; SQLite has none.
    pub sqlstate: Option<String>,
    /// What went wrong.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.sqlstate.as_ref().map_or(Ok(()), |sqlstate| write!(f, " (SQLSTATE {sqlstate})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(kind: DatabaseErrorKind) -> StoreError {
        DieselError::DatabaseError(kind, Box::new("message".to_owned())).into()
    }

    #[test]
    fn only_what_cannot_be_the_data_is_retryable() {
        assert!(database(DatabaseErrorKind::ClosedConnection).retryable());
        assert!(database(DatabaseErrorKind::SerializationFailure).retryable());
        assert!(database(DatabaseErrorKind::ReadOnlyTransaction).retryable());
        assert!(StoreError::from(DieselError::BrokenTransactionManager).retryable());
        assert!(!database(DatabaseErrorKind::Unknown).retryable());
        assert!(!database(DatabaseErrorKind::CheckViolation).retryable());
    }

    #[test]
    fn a_statement_that_ran_into_its_timeout_is_retryable() {
        let timeout = Duration::from_secs(30);
        assert!(database(DatabaseErrorKind::Unknown).after(timeout, timeout).retryable());
        assert!(!database(DatabaseErrorKind::Unknown).after(timeout / 2, timeout).retryable());
    }
}
