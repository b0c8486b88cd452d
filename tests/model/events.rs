//! Two events, and sets of them.

use std::{
    fmt::{self, Display},
    ops::{Index, IndexMut},
};

/// An event, by its svix-id: B has the greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventId {
    A,
    B,
}

impl EventId {
    pub const ALL: [Self; 2] = [Self::A, Self::B];
}

/// Something of each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Each<T>(pub [T; 2]);

impl<T> Index<EventId> for Each<T> {
    type Output = T;

    fn index(&self, id: EventId) -> &T {
        &self.0[id as usize]
    }
}

impl<T> IndexMut<EventId> for Each<T> {
    fn index_mut(&mut self, id: EventId) -> &mut T {
        &mut self.0[id as usize]
    }
}

/// Some of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Events(u8);

impl Events {
    pub const NONE: Self = Self(0);
    pub const BOTH: Self = Self(3);

    pub const fn only(id: EventId) -> Self {
        Self(1 << id as u8)
    }

    /// The set as a number below 4.
    pub fn bits(self) -> u8 {
        self.0
    }

    pub fn of_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub fn contains(self, id: EventId) -> bool {
        self.0 & Self::only(id).0 != 0
    }

    pub fn with(self, id: EventId) -> Self {
        self.union(Self::only(id))
    }

    pub fn without(self, id: EventId) -> Self {
        Self(self.0 & !Self::only(id).0)
    }

    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub fn union(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub fn iter(self) -> impl Iterator<Item = EventId> {
        EventId::ALL.into_iter().filter(move |&id| self.contains(id))
    }
}

impl FromIterator<EventId> for Events {
    fn from_iter<I: IntoIterator<Item = EventId>>(ids: I) -> Self {
        ids.into_iter().map(Self::only).fold(Self::NONE, Self::union)
    }
}

impl Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.iter())
    }
}

impl Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Writes things with commas between them.
pub fn list<T: Display>(f: &mut fmt::Formatter<'_>, things: impl Iterator<Item = T>) -> fmt::Result {
    let things: Vec<_> = things.map(|thing| thing.to_string()).collect();
    f.write_str(&if things.is_empty() { "-".to_owned() } else { things.join(", ") })
}
