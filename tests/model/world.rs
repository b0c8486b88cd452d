//! What the events say, and what has to come of it.

use crate::events::{Each, EventId, Events};

/// What an event says about the one object there is.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// `data.updated_at`, where the event carries the object's state.
    pub updated_at: Option<u8>,
    /// The envelope's `timestamp`.
    pub timestamp: u8,
    pub is_deletion: bool,
}

/// How new a snapshot is: `data.updated_at`, envelope `timestamp`, svix-id.
pub type Version = (u8, u8, EventId);

/// Two events about one object.
#[derive(Debug, Clone, Copy)]
pub struct World {
    pub name: &'static str,
    pub events: Each<Event>,
}

/// The object in the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Row {
    /// The event whose snapshot is its data.
    pub data: Option<EventId>,
    pub deleted_at: Option<u8>,
}

impl World {
    /// B is the newer one.
    pub const TWO_UPDATES: Self = Self::new("two updates", update(1, 1), update(2, 2));
    /// One change of the object, of which two events tell; A is the later one.
    pub const TWO_EVENTS_OF_ONE_CHANGE: Self =
        Self::new("two events of one change", update(1, 2), update(1, 1));
    /// Nothing but the svix-ids tells which is newer.
    pub const ONE_MOMENT: Self = Self::new("two updates of one moment", update(1, 1), update(1, 1));
    /// B deletes what A updates.
    pub const DELETION: Self = Self::new("an update and a deletion", update(1, 1), deletion(2));
    /// B deletes, and has the state at that time; A is a later update.
    pub const DELETION_WITH_STATE: Self = Self::new(
        "a deletion with the state, and a later update",
        update(2, 2),
        Event { updated_at: Some(1), ..deletion(1) },
    );
    /// The earlier one counts.
    pub const TWO_DELETIONS: Self = Self::new("two deletions", deletion(1), deletion(2));

    pub const ALL: [Self; 6] = [
        Self::TWO_UPDATES,
        Self::TWO_EVENTS_OF_ONE_CHANGE,
        Self::ONE_MOMENT,
        Self::DELETION,
        Self::DELETION_WITH_STATE,
        Self::TWO_DELETIONS,
    ];

    const fn new(name: &'static str, a: Event, b: Event) -> Self {
        Self { name, events: Each([a, b]) }
    }

    pub fn version(&self, id: EventId) -> Option<Version> {
        let Event { updated_at, timestamp, .. } = self.events[id];
        updated_at.map(|updated_at| (updated_at, timestamp, id))
    }

    /// When the object was deleted, by the word of this event.
    pub fn deleted_at(&self, id: EventId) -> Option<u8> {
        let Event { timestamp, is_deletion, .. } = self.events[id];
        is_deletion.then_some(timestamp)
    }

    /// The row that these events make, in whatever order: the newest snapshot, the earliest deletion.
    pub fn fold(&self, events: Events) -> Row {
        let newest = events.iter().filter_map(|id| self.version(id)).max();
        Row {
            data: newest.map(|(.., id)| id),
            deleted_at: events.iter().filter_map(|id| self.deleted_at(id)).min(),
        }
    }
}

const fn update(updated_at: u8, timestamp: u8) -> Event {
    Event { updated_at: Some(updated_at), timestamp, is_deletion: false }
}

const fn deletion(timestamp: u8) -> Event {
    Event { updated_at: None, timestamp, is_deletion: true }
}
