//! Things in no order.

use std::{
    fmt::{self, Display},
    marker::PhantomData,
};

use crate::events::list;

/// Of what there are few kinds.
pub trait Kind: Copy {
    /// A number of its own, less than 16.
    fn number(self) -> u8;
    fn of(number: u8) -> Self;
}

/// How many there are of each kind, at most 15, in four bits each: states are many, and each is compared with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bag<T>(u64, PhantomData<T>);

impl<T: Kind> Bag<T> {
    pub fn insert(&mut self, thing: T) {
        self.0 += one(thing);
    }

    pub fn remove(&mut self, thing: T) {
        self.0 -= one(thing);
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = T> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let thing = rest.any()?;
            rest.remove(thing);
            Some(thing)
        })
    }

    /// One of each kind.
    pub fn kinds(self) -> impl Iterator<Item = T> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let thing = rest.any()?;
            rest.0 &= !(one(thing) * 0xf);
            Some(thing)
        })
    }

    fn any(self) -> Option<T> {
        (!self.is_empty()).then(|| T::of(self.0.trailing_zeros() as u8 / 4))
    }
}

fn one(thing: impl Kind) -> u64 {
    1 << (4 * thing.number())
}

impl<T> Default for Bag<T> {
    fn default() -> Self {
        Self(0, PhantomData)
    }
}

impl<T: Kind> FromIterator<T> for Bag<T> {
    fn from_iter<I: IntoIterator<Item = T>>(things: I) -> Self {
        let mut bag = Self::default();
        things.into_iter().for_each(|thing| bag.insert(thing));
        bag
    }
}

impl<T: Kind + Display> Display for Bag<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.iter())
    }
}
