//! A queue that is full before a worker starts.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use clerk_mirror::send::world::Event;
use futures_util::{StreamExt, TryStreamExt, stream};
use harness::RabbitMq;
use shared::signature::{Credentials, Rejection, Verified, Verifier};

use crate::common::{Inbox, Traffic};

const IN_FLIGHT: usize = 256;

/// A new inbox that holds all events.
pub fn fill<'a>(
    broker: &'a RabbitMq,
    events: impl Iterator<Item = anyhow::Result<Verified>>,
) -> anyhow::Result<Inbox<'a>> {
    let inbox = Inbox::declare(broker)?;
    inbox.publish(async |publisher| {
        stream::iter(events)
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

/// An event as the edge queues it, sent at `now`.
pub fn verify(
    verifier: &Verifier,
    traffic: &Traffic,
    event: &Event,
    now: i64,
) -> Result<Verified, Rejection> {
    let [id, timestamp, signature] = traffic.signer.credentials(event, now);
    let credentials = Credentials::read(|name| {
        let value = match name {
            "svix-id" => Some(id.as_bytes()),
            "svix-timestamp" => Some(timestamp.as_bytes()),
            "svix-signature" => Some(signature.as_bytes()),
            _ => None,
        };
        value.into_iter()
    })?;
    verifier.verify(&credentials, Bytes::clone(&event.body), SystemTime::now())
}
