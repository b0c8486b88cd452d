//! The order in which events are sent, which is not the one in which they happened.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

use super::{
    percent::Percent,
    world::{Dice, Event},
};

/// Up to so many events, a run is shuffled as a whole.
pub const SHUFFLED_AS_A_WHOLE: u64 = 100_000;
/// In a longer run an event changes places within so many others; its duplicate is as far away at most.
pub const WINDOW: usize = 20_000;

/// Draws of their own: another order must not make another world.
const ORDER: u64 = 2;

/// How events are to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// So many distinct events.
    pub count: u64,
    /// This share of them a second time.
    pub duplicates: Percent,
    /// In any order.
    pub shuffle: bool,
    /// Decides which and where.
    pub seed: u64,
}

impl Order {
    /// How many events are sent a second time.
    pub fn repeats(&self) -> u64 {
        self.duplicates.of(self.count)
    }

    /// Puts events in this order.
    pub fn arrange<I: Iterator<Item = Event>>(self, events: I) -> Deliveries<I> {
        let buffered = match self {
            Self { shuffle: false, .. } => 1,
            Self { count, .. } if count <= SHUFFLED_AS_A_WHOLE => count as usize,
            _ => WINDOW,
        };
        Deliveries {
            events,
            dice: Dice::new(self.seed, ORDER),
            buffered: buffered.max(1),
            buffer: Vec::new(),
            to_draw: self.count,
            to_send: self.count,
            to_repeat: self.repeats(),
            sent: 0,
            repeats: BTreeMap::new(),
        }
    }
}

/// One event on its way, for the first or the second time.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What is sent.
    pub event: Event,
    /// Whether this is the second time.
    pub repeated: bool,
    /// Whether a delivery of the event has been accepted, shared by both of them.
    pub accepted: Option<Arc<AtomicBool>>,
}

/// The deliveries of a run.
#[derive(Debug)]
pub struct Deliveries<I> {
    events: I,
    dice: Dice,
    buffered: usize,
    buffer: Vec<Event>,
    to_draw: u64,
    to_send: u64,
    to_repeat: u64,
    sent: u64,
    /// By the number of distinct events after which it is sent, and its own.
    repeats: BTreeMap<(u64, u64), Delivery>,
}

impl<I: Iterator<Item = Event>> Deliveries<I> {
    /// Any of the events that are next. With one of them that is the next.
    fn draw(&mut self) -> Option<Event> {
        while self.to_draw > 0 && self.buffer.len() < self.buffered {
            self.buffer.push(self.events.next()?);
            self.to_draw -= 1;
        }
        let place = self.dice.below(self.buffer.len());
        (!self.buffer.is_empty()).then(|| self.buffer.swap_remove(place))
    }
}

impl<I: Iterator<Item = Event>> Iterator for Deliveries<I> {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        if let Some(repeat) = self.repeats.first_entry().filter(|repeat| repeat.key().0 <= self.sent) {
            return Some(repeat.remove());
        }
        let event = self.draw()?;
        // Of what is left, as many are repeated as are still to be: the share is met exactly.
        let is_repeated = (self.dice.below(self.to_send as usize) as u64) < self.to_repeat;
        self.to_send -= 1;
        self.sent += 1;
        if !is_repeated {
            return Some(Delivery { event, repeated: false, accepted: None });
        }
        self.to_repeat -= 1;
        let accepted = Some(Arc::default());
        let after = self.dice.below(WINDOW.min(self.to_send as usize) + 1) as u64;
        let repeat = Delivery { event: event.clone(), repeated: true, accepted: accepted.clone() };
        self.repeats.insert((self.sent + after, self.sent), repeat);
        Some(Delivery { event, repeated: false, accepted })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::send::world::World;

    fn deliveries(count: u64, duplicates: &str, shuffle: bool) -> Vec<Delivery> {
        let order = Order { count, duplicates: duplicates.parse().unwrap(), shuffle, seed: 1 };
        order.arrange(World::new(1)).collect()
    }

    fn world(count: usize) -> Vec<Event> {
        World::new(1).take(count).collect()
    }

    #[test]
    fn events_are_sent_as_they_happen_unless_told_otherwise() {
        let sent: Vec<_> = deliveries(500, "0%", false).into_iter().map(|delivery| delivery.event).collect();
        assert!(sent == world(500));
    }

    #[test]
    fn a_shuffled_run_sends_the_same_events_in_an_order_of_its_seed() {
        let ids = |deliveries: Vec<Delivery>| -> Vec<_> {
            deliveries.into_iter().map(|delivery| delivery.event.svix_id).collect()
        };
        let shuffled = ids(deliveries(2_000, "0%", true));
        let in_order: Vec<_> = world(2_000).iter().map(|event| event.svix_id).collect();
        assert_ne!(shuffled, in_order);
        assert_eq!(shuffled.iter().collect::<HashSet<_>>(), in_order.iter().collect::<HashSet<_>>());
        assert_eq!(shuffled.len(), in_order.len());
        assert_eq!(shuffled, ids(deliveries(2_000, "0%", true)));
        // All over the run, not only nearby.
        let moved = shuffled.iter().position(|id| *id == in_order[0]).unwrap();
        let last = shuffled.iter().position(|id| *id == in_order[1_999]).unwrap();
        assert!(moved > 50 || last < 1_950, "{moved} {last}");
    }

    #[test]
    fn the_share_of_duplicates_is_exact_and_each_comes_after_its_first() {
        for shuffle in [false, true] {
            let sent = deliveries(1_000, "10%", shuffle);
            assert_eq!(sent.len(), 1_100);
            let mut seen = HashSet::new();
            for delivery in &sent {
                assert_eq!(delivery.repeated, !seen.insert(delivery.event.svix_id));
            }
            assert_eq!(seen.len(), 1_000);
        }
    }

    #[test]
    fn everything_can_be_sent_twice() {
        assert_eq!(deliveries(300, "100%", true).len(), 600);
    }

    #[test]
    fn duplicates_come_at_any_distance() {
        let sent = deliveries(1_000, "20%", false);
        let place = |wanted: &Delivery, repeated| {
            sent.iter()
                .position(|other| other.event.svix_id == wanted.event.svix_id && other.repeated == repeated)
                .unwrap()
        };
        let distances: Vec<usize> = sent
            .iter()
            .filter(|delivery| delivery.repeated)
            .map(|repeat| place(repeat, true) - place(repeat, false))
            .collect();
        assert!(distances.iter().any(|distance| *distance < 50));
        assert!(distances.iter().any(|distance| *distance > 500));
    }

    #[test]
    fn a_long_run_is_shuffled_within_a_window() {
        let order = Order {
            count: SHUFFLED_AS_A_WHOLE + 1,
            duplicates: "1%".parse().unwrap(),
            shuffle: true,
            seed: 1,
        };
        let event = World::new(1).next().unwrap();
        let mut deliveries = order.arrange(std::iter::repeat(event));
        assert_eq!(deliveries.by_ref().take(5_000).count(), 5_000);
        assert_eq!(deliveries.buffer.len(), WINDOW - 1);
    }
}
