//! What everything that applies events shares.

use std::sync::Arc;

use tokio::{
    sync::Notify,
    task::{JoinError, spawn_blocking},
};

use crate::{
    event::Policy,
    metrics::Metrics,
    store::{Store, StoreError},
};

/// Where events go, what is accepted, and what is counted.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: Policy,
    pub(crate) metrics: Metrics,
    /// Told when connections have been given up because nothing came on them any more.
    pub(crate) given_up: Arc<Notify>,
}

impl Target {
    /// Does something that blocks beside the runtime's own threads. What waits for an answer that never comes is left to
    /// itself: whatever it still does, to apply the same events once more does no harm.
    pub(crate) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Result<T, StoreError>, JoinError> {
        let given_up = self.given_up.notified();
        let target = self.clone();
        tokio::select! {
            done = spawn_blocking(move || work(&target)) => done,
            () = given_up => Ok(Err(StoreError::Silent)),
        }
    }
}
