//! The events that are applied.

use std::time::SystemTime;

use bytes::Bytes;
use clerk_mirror::send::world::Event;
use shared::{
    delivery::Delivery,
    signature::{Credentials, Rejection, Verified, Verifier},
};

use crate::{
    common::{SECRET, Traffic, now},
    work::Work,
};

/// Events, and what the mirror holds once all of them are applied.
pub struct Events {
    pub traffic: Traffic,
    /// The rows of all mirror tables.
    pub mirror_rows: usize,
    verifier: Verifier,
}

impl Events {
    /// So many events of a kind.
    pub fn new(work: Work, count: usize) -> anyhow::Result<Self> {
        let (traffic, mirror_rows) = work.events(count)?;
        Ok(Self { traffic, mirror_rows, verifier: Verifier::new(vec![SECRET.parse()?]) })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.traffic.events.len()
    }

    /// Each of them as the edge queues it.
    pub fn verified(&self) -> impl Iterator<Item = Result<Verified, Rejection>> {
        let now = now();
        self.traffic.events.iter().map(move |event| self.verify(event, now))
    }

    /// Each of them as the worker takes it from the queue.
    pub fn deliveries(&self) -> Result<Vec<Delivery>, Rejection> {
        self.verified().map(|verified| verified.map(Verified::into_delivery)).collect()
    }

    fn verify(&self, event: &Event, now: i64) -> Result<Verified, Rejection> {
        let [id, timestamp, signature] = self.traffic.credentials(event, now);
        let credentials = Credentials::read(|name| {
            let value = match name {
                "svix-id" => Some(id.as_bytes()),
                "svix-timestamp" => Some(timestamp.as_bytes()),
                "svix-signature" => Some(signature.as_bytes()),
                _ => None,
            };
            value.into_iter()
        })?;
        self.verifier.verify(&credentials, Bytes::clone(&event.body), SystemTime::now())
    }
}
