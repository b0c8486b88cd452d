//! What is sent: one world's events, as long as it takes.

use std::time::{Duration, Instant};

use clerk_mirror::send::world::{INSTANCE_ID, World};

use crate::{
    common::{now, traffic::Signer},
    ingest_process::request,
};

/// How long ago a world began, in seconds: what Clerk sends is never of the future, and hurried as it is, its time still passes a
/// few times as fast as ours.
const AGO: i64 = 24 * 3600;
/// Of what is sent, not timed.
const SEED: u64 = 2;

/// A world that goes on where it was left.
pub struct Load {
    world: World,
    signer: Signer,
}

impl Load {
    /// One that has sent nothing.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { world: world(SEED), signer: Signer::new()? })
    }

    /// Requests from now on for so long.
    pub fn requests(&mut self, time: Duration) -> impl Iterator<Item = Vec<u8>> {
        let start = Instant::now();
        // Signed one by one: a signature is good for five minutes only.
        let events = self.world.by_ref().take_while(move |_| start.elapsed() < time);
        events.map(|event| request(&self.signer, &event, now()))
    }
}

/// The world of a seed, as it is sent here.
pub fn world(seed: u64) -> World {
    World::in_instance(seed, INSTANCE_ID, (now() - AGO) * 1000).hurried()
}
