//! Taking the deliveries that were taken too often.

use std::path::Path;

use async_trait::async_trait;

use super::{
    holder::Holder,
    leases::{DELIVERY_LIMIT, Leases},
};
use crate::queue::{Cause, DeadLetter, DeadLetters, QueueError};

/// Takes dead letters from the file.
pub struct SqliteDeadLetters {
    holder: Holder,
}

impl SqliteDeadLetters {
    pub(in crate::queue) fn open(path: &Path) -> Result<Self, QueueError> {
        Ok(Self { holder: Holder::open(path)? })
    }
}

#[async_trait]
impl DeadLetters for SqliteDeadLetters {
    async fn take(&mut self) -> Result<Option<DeadLetter>, QueueError> {
        let taken = self.holder.take(Leases::take_dead).await?;
        Ok(taken.map(|taken| DeadLetter {
            deliveries: taken.deliveries,
            cause: Cause::DeliveryLimit,
            parse: taken.before <= DELIVERY_LIMIT,
            defect: None,
            receipt: self.holder.receipt(taken.rows),
        }))
    }

    async fn close(&mut self) {
        if let Err(error) = self.holder.release().await {
            tracing::warn!(%error, "a dead letter was not given back; its lease runs out by itself");
        }
    }
}
