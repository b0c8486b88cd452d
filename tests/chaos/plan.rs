//! Which faults happen when: all of it follows from the seed.

use std::{collections::BTreeSet, mem, time::Duration};

use clerk_mirror::send::world::Dice;

use crate::{
    fault::{Fault, Hop, Lines, Part, Trouble},
    options::Length,
};

/// The stream of the seed's draws that a plan takes.
const STREAM: u64 = 0;

/// A fault, when it begins (counted from the beginning of its disturbance) and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub at: Duration,
    pub fault: Fault,
    pub lasting: Duration,
}

/// Faults that overlap, and how long nothing is wrong before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disturbance {
    pub calm: Duration,
    pub steps: Vec<Step>,
}

/// The faults of a run, in disturbances.
pub struct Plan {
    dice: Dice,
    length: Length,
    style: &'static Style,
    /// Faults that are still to happen before any happens again.
    bag: Vec<Fault>,
    /// Faults that are to happen together before all others.
    first: Vec<Fault>,
}

/// How a plan draws, in milliseconds.
struct Style {
    /// How many faults there are in a disturbance.
    faults: (i64, i64),
    /// From the beginning of a disturbance to that of one of its faults.
    spread: (i64, i64),
    /// How long faults last; long enough for timeouts to pass.
    lasting: (i64, i64),
    /// How long nothing is wrong.
    calm: (i64, i64),
}

const BRIEF: Style = Style { faults: (4, 4), spread: (0, 300), lasting: (1200, 1800), calm: (500, 500) };
const LONG: Style = Style { faults: (1, 3), spread: (0, 4000), lasting: (500, 10_000), calm: (1000, 5000) };

impl Plan {
    pub fn new(seed: u64, length: Length) -> Self {
        let mut dice = Dice::new(seed, STREAM);
        let (bag, style) = match length {
            Length::EachFaultOnce => (brief(&mut dice), &BRIEF),
            Length::For(_) => (Vec::new(), &LONG),
        };
        // Among others, an instance may have no event in hand when it is killed: too little for once.
        let (first, bag) = bag
            .into_iter()
            .partition(|fault| matches!(fault, Fault::Killed(Part::Ingest(_) | Part::Worker(_))));
        Self { dice, length, style, bag, first }
    }

    /// About how long a run takes.
    pub fn estimate(&self) -> Duration {
        match self.length {
            Length::EachFaultOnce => Duration::from_secs(90),
            Length::For(time) => time + Duration::from_secs(60),
        }
    }

    fn refill(&mut self) {
        if matches!(self.length, Length::For(_)) && self.bag.len() < self.style.faults.1 as usize {
            let mut faults = Fault::each(&mut self.dice);
            shuffle(&mut faults, &mut self.dice);
            self.bag.extend(faults);
        }
    }
}

impl Iterator for Plan {
    type Item = Disturbance;

    /// The next disturbance. A long plan never ends.
    fn next(&mut self) -> Option<Disturbance> {
        self.refill();
        let Self { dice, style, bag, first, .. } = self;
        let calm = draw(dice, style.calm);
        let mut together = mem::take(first);
        if together.is_empty() {
            let count = dice.between(style.faults.0, style.faults.1) as usize;
            together = take_together(bag, count);
        }
        if together.is_empty() {
            return None;
        }
        let mut steps: Vec<Step> = together
            .into_iter()
            .map(|fault| Step { at: draw(dice, style.spread), fault, lasting: draw(dice, style.lasting) })
            .collect();
        steps.sort_by_key(|step| step.at);
        Some(Disturbance { calm, steps })
    }
}

/// Each trouble on two hops, and each hop with three; everything else once.
fn brief(dice: &mut Dice) -> Vec<Fault> {
    let on_its_hop = |fault: &Fault| match fault {
        Fault::Network(hop, _, trouble) => {
            let trouble = Trouble::ALL.iter().position(|other| other == trouble);
            let hop = Hop::ALL.iter().position(|other| other == hop);
            trouble.zip(hop).is_some_and(|(trouble, hop)| (trouble + hop) % 2 == 0)
        }
        _ => true,
    };
    let mut bag: Vec<Fault> = Fault::each(dice).into_iter().filter(on_its_hop).collect();
    shuffle(&mut bag, dice);
    bag
}

/// Takes up to so many faults out of the bag that do not disturb the same.
fn take_together(bag: &mut Vec<Fault>, count: usize) -> Vec<Fault> {
    let mut held = BTreeSet::new();
    let mut taken = Vec::new();
    let mut index = 0;
    while taken.len() < count && index < bag.len() {
        let holds = bag[index].holds();
        if holds.iter().any(|holds| held.contains(holds)) {
            index += 1;
            continue;
        }
        held.extend(holds);
        taken.push(bag.remove(index));
    }
    taken
}

fn draw(dice: &mut Dice, (low, high): (i64, i64)) -> Duration {
    Duration::from_millis(dice.between(low, high).unsigned_abs())
}

fn shuffle<T>(items: &mut [T], dice: &mut Dice) {
    for last in (1..items.len()).rev() {
        items.swap(last, dice.below(last + 1));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// So many disturbances of a long plan, and some more.
    const MANY: usize = 300;

    fn plan(seed: u64, length: Length) -> Vec<Disturbance> {
        Plan::new(seed, length).take(MANY).collect()
    }

    fn faults(plan: &[Disturbance]) -> impl Iterator<Item = Fault> {
        plan.iter().flat_map(|disturbance| disturbance.steps.iter().map(|step| step.fault))
    }

    fn hour() -> Length {
        Length::For(Duration::from_secs(3600))
    }

    #[test]
    fn a_seed_always_gives_the_same_plan_and_another_seed_another() {
        for length in [Length::EachFaultOnce, hour()] {
            assert_eq!(plan(7, length), plan(7, length));
            assert_ne!(plan(7, length), plan(8, length));
        }
    }

    #[test]
    fn the_short_plan_has_each_fault_once_each_trouble_and_each_hop() {
        let plan = plan(1, Length::EachFaultOnce);
        let (mut troubles, mut hops, mut others) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for fault in faults(&plan) {
            match fault {
                Fault::Network(hop, _, trouble) => {
                    hops.insert(hop);
                    troubles.push(trouble);
                }
                other => assert!(others.insert(other.kind()), "{other} twice"),
            }
        }
        assert_eq!((hops.len(), others.len()), (Hop::ALL.len(), 15));
        assert!(Trouble::ALL.iter().all(|trouble| troubles.contains(trouble)));
        assert!(plan.len() < 12, "{}", plan.len());
    }

    #[test]
    fn a_long_plan_has_every_kind_about_equally_often() {
        let mut kinds = BTreeMap::<String, usize>::new();
        for fault in faults(&plan(1, hour())) {
            *kinds.entry(fault.kind()).or_default() += 1;
        }
        let each = Fault::each(&mut Dice::new(1, 1));
        assert_eq!(kinds.len(), each.len());
        let (least, most) = (kinds.values().min(), kinds.values().max());
        assert!(least.zip(most).is_some_and(|(least, most)| *least > 5 && most - least <= 2), "{kinds:?}");
    }

    #[test]
    fn lines_are_drawn_one_by_one_and_all_together() {
        let lines: BTreeSet<_> = faults(&plan(1, hour()))
            .filter_map(|fault| match fault {
                Fault::Network(_, Lines::One(line), _) => Some(Some(line)),
                Fault::Network(_, Lines::All, _) => Some(None),
                _ => None,
            })
            .collect();
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn in_the_short_plan_instances_are_killed_while_nothing_keeps_events_from_them() {
        let first: Vec<Fault> = faults(&plan(1, Length::EachFaultOnce)[..1]).collect();
        assert!(matches!(first[..], [Fault::Killed(Part::Ingest(_) | Part::Worker(_)), Fault::Killed(_)]));
    }

    #[test]
    fn no_two_faults_of_a_disturbance_disturb_the_same() {
        for disturbance in plan(1, hour()) {
            let holds: Vec<_> = disturbance.steps.iter().flat_map(|step| step.fault.holds()).collect();
            assert_eq!(holds.iter().collect::<BTreeSet<_>>().len(), holds.len());
        }
    }
}
