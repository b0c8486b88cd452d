//! The events, one after another: all of them follow from the seed.
//!
//! They come in episodes: a few objects, and events about them that collide in every way that
//! [`crate::oracle::world`] knows. Several episodes are under way at once, and of each the events come in any order.

use std::collections::VecDeque;

use clerk_mirror::send::world::Dice;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::oracle::{
    catalogue::{KINDS, Kind},
    event::{Event, Spec},
    world::{events, kinds, spec},
};

/// The stream of the seed's draws that the feed takes.
const STREAM: u64 = 1;
/// Among so many events the next is drawn.
const WINDOW: usize = 150;
/// In this share of all episodes the objects are those that most people have.
const USUAL_PERCENT: usize = 60;
const USUAL: [&str; 3] = ["users", "organizations", "organization_memberships"];
/// One event in so many is large: about the most that Svix sends.
const LARGE_ONE_IN: usize = 250;
const LARGE_BYTES: usize = 300_000;

/// Makes events without end.
pub struct Feed {
    dice: Dice,
    runner: TestRunner,
    episode: u32,
    window: VecDeque<Event>,
}

impl Feed {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, STREAM);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &dice.bytes::<32>());
        Self {
            dice,
            runner: TestRunner::new_with_rng(Config::default(), rng),
            episode: 0,
            window: VecDeque::new(),
        }
    }

    fn begin_episode(&mut self) {
        let kinds = if self.dice.chance(USUAL_PERCENT) {
            USUAL.iter().chain(&USUAL).map(|table| kind_of(table)).collect()
        } else {
            self.draw(&kinds(1..=8))
        };
        let count = 4 + self.dice.below(40);
        let one = spec();
        let specs: Vec<Spec> = (0..count)
            .map(|_| {
                let mut spec = self.draw(&one);
                if self.dice.below(LARGE_ONE_IN) == 0 {
                    spec.filler = LARGE_BYTES;
                }
                spec
            })
            .collect();
        self.window.extend(events(&kinds, specs.iter(), self.episode));
        self.episode += 1;
    }

    fn draw<S: Strategy>(&mut self, strategy: &S) -> S::Value {
        strategy.new_tree(&mut self.runner).expect("nothing is filtered out").current()
    }
}

impl Iterator for Feed {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        while self.window.len() < WINDOW {
            self.begin_episode();
        }
        let index = self.dice.below(WINDOW);
        self.window.swap_remove_back(index)
    }
}

fn kind_of(table: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.table == table).expect("the table is in the catalogue")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::oracle::event::Fate;

    #[test]
    fn a_seed_always_gives_the_same_events() {
        let bodies = |seed| -> Vec<_> {
            Feed::new(seed).take(500).map(|event| (event.svix_id.clone(), event.body())).collect()
        };
        assert_eq!(bodies(3), bodies(3));
        assert_ne!(bodies(3), bodies(4));
    }

    #[test]
    fn there_is_everything_and_no_svix_id_twice() {
        let events: Vec<Event> = Feed::new(1).take(5_000).collect();
        let ids: BTreeSet<_> = events.iter().map(|event| &event.svix_id).collect();
        assert_eq!(ids.len(), events.len());
        let count = |is: &dyn Fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
        assert!(count(&|event| event.is_deletion()) > 500);
        assert!(count(&|event| event.fate() == Fate::Dead) > 50);
        assert!(count(&|event| event.fate() == Fate::Ignored) > 50);
        assert!(count(&|event| event.body().len() > LARGE_BYTES) > 5);
        let tables: BTreeSet<_> = events.iter().map(|event| event.kind.table).collect();
        assert_eq!(tables.len(), KINDS.len());
    }
}
