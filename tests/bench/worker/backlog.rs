//! A queue that is full before the worker starts.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use harness::RabbitMq;

use crate::{common::Inbox, events::Events};

const IN_FLIGHT: usize = 256;

/// A new inbox that holds all events.
pub fn fill<'a>(broker: &'a RabbitMq, events: &Events) -> anyhow::Result<Inbox<'a>> {
    let inbox = Inbox::declare(broker)?;
    inbox.publish(async |publisher| {
        stream::iter(events.verified())
            .map(|verified| {
                let publisher = Arc::clone(&publisher);
                async move { anyhow::Ok(publisher.publish(verified?).await?) }
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await
    })?;
    Ok(inbox)
}
