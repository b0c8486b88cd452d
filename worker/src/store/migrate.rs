//! Running the embedded migrations.

use diesel::backend::Backend;
use diesel::result::Error as DieselError;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use super::error::StoreError;

/// Runs what has not run yet, on a connection that keeps every other process out; returns the names.
pub(super) fn run_pending<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, StoreError> {
    let pending = connection.pending_migrations(migrations).map_err(migration_error)?;
    let mut names = Vec::with_capacity(pending.len());
    for migration in &pending {
        connection.run_migration(migration).map_err(migration_error)?;
        names.push(migration.name().to_string());
    }
    Ok(names)
}

/// Diesel's own bookkeeping may fail for a reason that passes, a migration is not tried again.
fn migration_error(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    match error.downcast::<DieselError>().map(|error| StoreError::from(*error)) {
        Ok(StoreError::Suspect(error)) => StoreError::Migration(error.into()),
        Ok(error) => error,
        Err(error) => StoreError::Migration(error),
    }
}
