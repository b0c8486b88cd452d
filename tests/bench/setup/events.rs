//! The events that are applied.

use shared::{
    delivery::Delivery,
    signature::{Verified, Verifier},
};

use crate::{
    backlog::verify,
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
    pub fn verified(&self) -> impl Iterator<Item = anyhow::Result<Verified>> {
        let now = now();
        self.traffic.events.iter().map(move |event| Ok(verify(&self.verifier, &self.traffic, event, now)?))
    }

    /// Each of them as the worker takes it from the queue.
    pub fn deliveries(&self) -> anyhow::Result<Vec<Delivery>> {
        self.verified().map(|verified| verified.map(Verified::into_delivery)).collect()
    }
}
