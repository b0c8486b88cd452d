//! Erasing those who have been deleted for long enough.

use std::{sync::Arc, time::Duration};

use chrono::{TimeDelta, Utc};
use prometheus::IntCounter;
use shared::program;

use super::Progress;
use crate::{
    event::Millis,
    metrics::Metrics,
    store::{Erasure, Store, StoreError},
};

/// So many are erased in one run, so that a process that is to stop does not have to wait for long.
const MOST: u32 = 100;

/// Erases those whose deletion is that long ago.
pub(super) async fn run(store: Arc<dyn Store>, age: Duration, metrics: &Metrics) -> Progress {
    let Some(before) = TimeDelta::from_std(age).ok().and_then(|age| Utc::now().checked_sub_signed(age))
    else {
        return Progress::Done;
    };
    let erased = metrics.erased_users.clone();
    let erase = move || erase(&*store, Millis::from(before), &erased);
    match tokio::task::spawn_blocking(erase).await.map_err(program::Error::from).and_then(|done| Ok(done?)) {
        Ok(progress) => progress,
        Err(error) => {
            tracing::warn!(%error, "deleted users cannot be erased now, trying again later");
            Progress::Hindered
        }
    }
}

/// One who cannot be erased, because a trigger refuses it, does not keep the others.
fn erase(store: &dyn Store, before: Millis, count: &IntCounter) -> Result<Progress, StoreError> {
    let users = store.erasable(before, MOST)?;
    let mut progress = if users.len() < MOST as usize { Progress::Done } else { Progress::More };
    for user_id in &users {
        match store.erase(user_id) {
            Ok(Erasure::Done(erased)) => {
                count.inc();
                tracing::info!(user_id, ?erased, "erased a deleted user");
            }
            Ok(Erasure::NotDeleted | Erasure::Unknown) => {}
            Err(error) if !error.retryable() => {
                tracing::warn!(user_id, %error, "a deleted user cannot be erased, trying again later");
                progress = Progress::Hindered;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(progress)
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, SqliteConnection};

    use super::*;
    use crate::store::{self, StoreOptions};

    /// A mirror of so many deleted users, and a connection to it.
    fn deleted(users: usize, folder: &tempfile::TempDir) -> (Arc<dyn Store>, SqliteConnection) {
        let path = folder.path().join("mirror.db").display().to_string();
        let store = store::open(&format!("sqlite:{path}"), &StoreOptions::default()).unwrap();
        store.migrate().unwrap();
        let mut connection = SqliteConnection::establish(&path).unwrap();
        for n in 0..users {
            let row = format!("('user_{n:03}', '2026-01-01T00:00:00.000Z')");
            connection.batch_execute(&format!("INSERT INTO users (id, deleted_at) VALUES {row}")).unwrap();
        }
        (store, connection)
    }

    #[test]
    fn many_are_erased_in_several_runs() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = deleted(MOST as usize + 1, &folder);
        let (before, count) = (Millis::from(Utc::now()), IntCounter::new("erased", "erased").unwrap());
        assert_eq!(erase(&*store, before, &count).unwrap(), Progress::More);
        assert_eq!(erase(&*store, before, &count).unwrap(), Progress::Done);
        assert_eq!(count.get(), u64::from(MOST) + 1);
    }

    #[test]
    fn one_who_cannot_be_erased_does_not_keep_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let (store, mut connection) = deleted(3, &folder);
        let refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON users WHEN NEW.id = 'user_000'
                      BEGIN SELECT raise(ABORT, 'refused'); END";
        connection.batch_execute(refuse).unwrap();
        let (before, count) = (Millis::from(Utc::now()), IntCounter::new("erased", "erased").unwrap());
        assert_eq!(erase(&*store, before, &count).unwrap(), Progress::Hindered);
        assert_eq!(count.get(), 2);
        assert_eq!(store.erasable(before, MOST).unwrap(), ["user_000"]);
    }
}
