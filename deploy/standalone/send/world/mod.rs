//! A small world that uses Clerk, from a seed: the events it sends are coherent, and the same for ever.

mod access;
mod admission;
mod billing;
mod catalogue;
mod dice;
mod expected;
mod ids;
mod invitations;
mod memberships;
mod messages;
mod mfa;
mod names;
mod objects;
mod organizations;
mod population;
mod profiles;
mod registry;
mod sessions;
mod stage;
mod story;
mod users;

#[cfg(test)]
mod tests;

pub use catalogue::EVENT_TYPES;
pub use dice::Dice;
pub use expected::{ExpectedRow, Newest, expected};
pub use ids::Id;

use bytes::Bytes;

use self::{
    billing::Merchant,
    objects::{
        access::{Permission, Role},
        billing::Subscription,
    },
    population::{Applicant, Company, Invitee, Membership, Newcomer, Person},
    registry::Registry,
    stage::Stage,
};

/// Stands in everything that must never be stored (one-time codes, message bodies, backup codes, links that
/// let their holder in), so that a search of a whole database for it proves that nothing of the kind is there.
pub const SECRET_MARKER: &str = "SECRET-";

/// The instance the world's events come from, unless told otherwise.
pub const INSTANCE_ID: &str = "ins_38EYBW1DmTvVGXVqSs5QKmn2aLf";

/// 2026-01-01T00:00:00Z, in milliseconds: when a world begins, unless told otherwise.
pub const START: i64 = 1_767_225_600_000;

/// The most that passes at once in a world that is hurried, in milliseconds.
const STRIDE: i64 = 2;

/// An event as Clerk hands it to Svix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The id of the message, the same on every delivery.
    pub svix_id: Id,
    /// The event type.
    pub event_type: &'static str,
    /// When Clerk sent it, in milliseconds.
    pub timestamp: i64,
    /// The request body.
    pub body: Bytes,
}

/// An endless iterator over a world's events, in the order in which they happened.
///
/// The number of users, organizations and whatever they own is capped, so a world takes some 20 MB however
/// long it runs. Two worlds of one seed, one instance and one beginning send the same bytes.
#[derive(Debug)]
pub struct World {
    stage: Stage,
    opening: usize,
    newcomers: u64,
    merchant: Merchant,
    connection: Id,
    established_roles: Vec<Id>,
    permissions: Registry<Permission>,
    roles: Registry<Role>,
    people: Registry<Person>,
    companies: Registry<Company>,
    memberships: Registry<Membership>,
    invitees: Registry<Invitee>,
    waitlist: Registry<Applicant>,
    subscriptions: Registry<Subscription>,
}

impl World {
    /// The world of a seed.
    pub fn new(seed: u64) -> Self {
        Self::in_instance(seed, INSTANCE_ID, START)
    }

    /// The world of a seed, in an instance of one's own, that begins at `start` (milliseconds since 1970).
    pub fn in_instance(seed: u64, instance_id: &str, start: i64) -> Self {
        let mut stage = Stage::new(seed, instance_id.to_owned(), start);
        Self {
            merchant: Merchant::new(&mut stage),
            connection: stage.id("entconn_"),
            stage,
            opening: 0,
            newcomers: 0,
            established_roles: Vec::new(),
            permissions: Registry::default(),
            roles: Registry::default(),
            people: Registry::default(),
            companies: Registry::default(),
            memberships: Registry::default(),
            invitees: Registry::default(),
            waitlist: Registry::default(),
            subscriptions: Registry::default(),
        }
    }

    /// Sends events of `types` only. All that happens still happens, and these events are the same bytes as
    /// without this.
    #[must_use]
    pub fn only(mut self, types: Vec<&'static str>) -> Self {
        self.stage.only(types);
        self
    }

    /// Everything happens at once, an event every few milliseconds instead of every other second. What happens is the same.
    #[must_use]
    pub fn hurried(mut self) -> Self {
        self.stage.hurry(STRIDE);
        self
    }

    fn newcomer(&mut self) -> Newcomer {
        self.newcomers += 1;
        Newcomer::new(&mut self.stage.dice, self.newcomers)
    }
}

impl Iterator for World {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.stage.take() {
                return Some(event);
            }
            self.play();
        }
    }
}
