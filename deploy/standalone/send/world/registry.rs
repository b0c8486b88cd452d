//! What lives in the world now, found by id or by chance.

use std::collections::HashMap;

use super::{dice::Dice, ids::Id};

/// How far a search by chance looks: finding someone must not cost more, the larger the world is.
const PROBES: usize = 64;

/// Something with an id.
pub trait Keyed {
    /// The id.
    fn key(&self) -> Id;
}

/// The live things of one kind. The order is a pure function of what was inserted and removed, so that
/// draws from it are repeatable; the hash map is never iterated.
#[derive(Debug)]
pub struct Registry<T> {
    items: Vec<T>,
    positions: HashMap<Id, usize>,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self { items: Vec::new(), positions: HashMap::new() }
    }
}

impl<T: Keyed> Registry<T> {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    pub fn get(&self, id: Id) -> Option<&T> {
        self.positions.get(&id).map(|&position| &self.items[position])
    }

    pub fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        self.positions.get(&id).map(|&position| &mut self.items[position])
    }

    pub fn insert(&mut self, item: T) -> &mut T {
        let position = self.items.len();
        self.positions.insert(item.key(), position);
        self.items.push(item);
        &mut self.items[position]
    }

    pub fn remove(&mut self, id: Id) -> Option<T> {
        let position = self.positions.remove(&id)?;
        let removed = self.items.swap_remove(position);
        if let Some(moved) = self.items.get(position) {
            self.positions.insert(moved.key(), position);
        }
        Some(removed)
    }

    /// One of those that `suits`, starting at a random place.
    pub fn find(&self, dice: &mut Dice, suits: impl Fn(&T) -> bool) -> Option<&T> {
        let len = self.items.len();
        let start = dice.below(len);
        (0..len.min(PROBES)).map(|step| &self.items[(start + step) % len]).find(|item| suits(item))
    }

    /// As [`Registry::find`], to change it.
    pub fn find_mut(&mut self, dice: &mut Dice, suits: impl Fn(&T) -> bool) -> Option<&mut T> {
        let id = self.find(dice, suits)?.key();
        self.get_mut(id)
    }
}
