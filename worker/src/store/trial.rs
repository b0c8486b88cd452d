//! Trying things out on a connection.

use std::convert::Infallible;

use diesel::connection::Connection;
use diesel::result::Error as DieselError;

use super::error::StoreError;

/// Why a transaction that was never meant to be committed is rolled back.
enum End<T> {
    Tried(T),
    Failed(StoreError),
}

impl<T> From<DieselError> for End<T> {
    fn from(error: DieselError) -> Self {
        Self::Failed(error.into())
    }
}

/// Runs `work` in a transaction and rolls it back.
pub(super) fn undone<C: Connection, T>(
    connection: &mut C,
    work: impl FnOnce(&mut C) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let ended = connection.transaction::<Infallible, _, _>(|connection| {
        Err(match work(connection) {
            Ok(tried) => End::Tried(tried),
            Err(error) => End::Failed(error),
        })
    });
    match ended {
        Err(End::Tried(tried)) => Ok(tried),
        Err(End::Failed(error)) => Err(error),
        Ok(never) => match never {},
    }
}
