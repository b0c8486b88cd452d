//! Erasing those who have been deleted for long enough.

use std::{sync::Arc, time::Duration};

use chrono::{TimeDelta, Utc};
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
    let counter = metrics.erased_users.clone();
    let erase = move || erase(&*store, Millis::from(before), || counter.inc());
    match tokio::task::spawn_blocking(erase).await.map_err(program::Error::from).and_then(|found| Ok(found?))
    {
        Ok(found) if found < MOST as usize => Progress::Done,
        Ok(_) => Progress::More,
        Err(error) => {
            tracing::warn!(%error, "deleted users cannot be erased now, trying again later");
            Progress::Hindered
        }
    }
}

/// Returns how many were found.
fn erase(store: &dyn Store, before: Millis, count: impl Fn()) -> Result<usize, StoreError> {
    let users = store.erasable(before, MOST)?;
    for user_id in &users {
        if let Erasure::Done(erased) = store.erase(user_id)? {
            count();
            tracing::info!(user_id, ?erased, "erased a deleted user");
        }
    }
    Ok(users.len())
}
