//! A holder of leases, from async code: the file's calls run beside the runtime, and what is held is renewed.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use async_trait::async_trait;
use diesel::QueryResult;
use tokio_util::task::AbortOnDropHandle;

use super::leases::{LEASE, Leases, Taken};
use crate::queue::{Acknowledge, QueueError, Receipt};

/// Holds leases for as long as it lives.
pub(super) struct Holder {
    shared: Arc<Shared>,
    _renewing: AbortOnDropHandle<()>,
}

struct Shared {
    leases: Mutex<Leases>,
    /// What was taken for somebody who no longer waited for it: theirs when they ask again.
    left: Mutex<Option<Taken>>,
}

impl Holder {
    pub(super) fn open(path: &Path) -> Result<Self, QueueError> {
        let leases = Mutex::new(Leases::open(path)?);
        let shared = Arc::new(Shared { leases, left: Mutex::default() });
        let renewing = AbortOnDropHandle::new(tokio::spawn(renew(Arc::downgrade(&shared))));
        Ok(Self { shared, _renewing: renewing })
    }

    /// Takes something by way of `work`. Dropping the future loses nothing.
    pub(super) async fn take(
        &self,
        work: impl FnOnce(&mut Leases) -> QueryResult<Option<Taken>> + Send + 'static,
    ) -> Result<Option<Taken>, QueueError> {
        let shared = self.shared.clone();
        self.run(move |leases| {
            if shared.left().is_none() {
                let taken = work(leases)?;
                *shared.left() = taken;
            }
            Ok(())
        })
        .await?;
        Ok(self.shared.left().take())
    }

    /// What removes rows that were taken.
    pub(super) fn receipt(&self, rows: Vec<i64>) -> Receipt {
        Receipt(Box::new(Rows { rows, shared: self.shared.clone() }))
    }

    /// Gives back all that is held.
    pub(super) async fn release(&self) -> Result<(), QueueError> {
        let shared = self.shared.clone();
        self.run(move |leases| {
            shared.left().take();
            leases.release()
        })
        .await
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Leases) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        self.shared.clone().run(work).await
    }
}

impl Shared {
    /// Only ever locked for a moment.
    fn left(&self) -> MutexGuard<'_, Option<Taken>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&mut Leases) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let work = move || work(&mut self.leases.lock().unwrap_or_else(PoisonError::into_inner));
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result.map_err(|error| QueueError(format!("the queue file: {error}"))),
            Err(error) => Err(QueueError(format!("the queue file: {error}"))),
        }
    }
}

/// Rows that were taken together.
struct Rows {
    rows: Vec<i64>,
    shared: Arc<Shared>,
}

#[async_trait]
impl Acknowledge for Rows {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
        let Self { rows, shared } = *self;
        shared.run(move |leases| leases.remove(&rows)).await
    }
}

/// Without holding on to the file: it is closed with its holder.
async fn renew(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(LEASE / 4).await;
        let Some(shared) = shared.upgrade() else { return };
        if let Err(error) = shared.run(Leases::renew).await {
            tracing::warn!(%error, "leases were not renewed, their deliveries may be taken twice");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Context};

    use super::{super::leases::tests::a_file_with, *};

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_taken_by_the_next() {
        let (_folder, path) = a_file_with(2);
        let holder = Holder::open(&path).unwrap();
        {
            let mut dropped = pin!(holder.take(|leases| leases.take(1)));
            assert!(dropped.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
        }
        let rows = holder.take(|leases| leases.take(1)).await.unwrap().map(|taken| taken.rows);
        assert_eq!(rows, Some(vec![1]));
        let rows = holder.take(|leases| leases.take(1)).await.unwrap().map(|taken| taken.rows);
        assert_eq!(rows, Some(vec![2]));
    }
}
