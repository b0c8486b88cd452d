//! Which faults happen when: all of it follows from the seed.

use std::{collections::BTreeSet, fmt, time::Duration};

use clerk_mirror::send::world::Dice;

use crate::{
    fault::{Fault, Hop, Lines, Trouble},
    options::Length,
};

/// The stream of the seed's draws that a plan takes.
const STREAM: u64 = 0;
/// So many faults may be in force at once.
const MOST_AT_ONCE: usize = 3;
/// All is well before the first fault.
const BEFORE: Duration = Duration::from_secs(2);

/// A fault, when it begins and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub at: Duration,
    pub fault: Fault,
    pub lasting: Duration,
}

/// The faults of a run, in disturbances with calm between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// When the last of them is over, if none takes longer than expected.
    pub length: Duration,
}

/// How a plan draws, in milliseconds.
struct Style {
    /// From the beginning of a disturbance to that of one of its faults.
    spread: (i64, i64),
    /// How long faults last.
    lasting: (i64, i64),
    /// How long nothing is wrong.
    calm: (i64, i64),
}

/// Long enough for timeouts to pass.
const BRIEF: Style = Style { spread: (0, 500), lasting: (1000, 2000), calm: (400, 600) };
const LONG: Style = Style { spread: (0, 5000), lasting: (500, 15_000), calm: (1000, 8000) };

impl Plan {
    pub fn new(seed: u64, length: Length) -> Self {
        let mut dice = Dice::new(seed, STREAM);
        let mut plan = Self { steps: Vec::new(), length: BEFORE };
        match length {
            Length::EachFaultOnce => {
                let mut bag = brief(&mut dice);
                while !bag.is_empty() {
                    plan.disturb(&mut bag, &BRIEF, &mut dice);
                }
            }
            Length::For(time) => {
                let mut bag = Vec::new();
                while plan.length < time {
                    if bag.len() < MOST_AT_ONCE {
                        bag.extend(Fault::each(&mut dice));
                        shuffle(&mut bag, &mut dice);
                    }
                    plan.disturb(&mut bag, &LONG, &mut dice);
                }
            }
        }
        plan
    }

    /// Adds a disturbance of some faults of the bag.
    fn disturb(&mut self, bag: &mut Vec<Fault>, style: &Style, dice: &mut Dice) {
        let count = match style.calm {
            calm if calm == BRIEF.calm => MOST_AT_ONCE,
            _ => 1 + dice.below(MOST_AT_ONCE),
        };
        let began = self.length;
        for fault in take_together(bag, count) {
            let at = began + draw(dice, style.spread);
            let lasting = draw(dice, style.lasting);
            self.length = self.length.max(at + lasting + fault.takes());
            self.steps.push(Step { at, fault, lasting });
        }
        self.steps.sort_by_key(|step| step.at);
        self.length += draw(dice, style.calm);
    }
}

/// Each trouble on one hop, and each hop with several; everything else once.
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

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, fault, lasting } = self;
        write!(f, "{:7.1} s  {fault}, for {:.1} s", at.as_secs_f64(), lasting.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn kinds(plan: &Plan) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for step in &plan.steps {
            *kinds.entry(step.fault.kind()).or_default() += 1;
        }
        kinds
    }

    fn hour() -> Length {
        Length::For(Duration::from_secs(3600))
    }

    #[test]
    fn a_seed_always_gives_the_same_plan_and_another_seed_another() {
        for length in [Length::EachFaultOnce, hour()] {
            assert_eq!(Plan::new(7, length), Plan::new(7, length));
            assert_ne!(Plan::new(7, length), Plan::new(8, length));
        }
    }

    #[test]
    fn the_short_plan_has_each_fault_once_each_trouble_and_each_hop() {
        let plan = Plan::new(1, Length::EachFaultOnce);
        let (mut troubles, mut hops, mut others) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for step in &plan.steps {
            match step.fault {
                Fault::Network(hop, _, trouble) => {
                    hops.insert(hop);
                    troubles.push(trouble);
                }
                other => assert!(others.insert(other.kind()), "{other} twice"),
            }
        }
        assert_eq!((hops.len(), others.len()), (Hop::ALL.len(), 15));
        assert!(Trouble::ALL.iter().all(|trouble| troubles.contains(trouble)));
        assert!(plan.length < Duration::from_secs(90), "{:?}", plan.length);
    }

    #[test]
    fn a_long_plan_has_every_kind_about_equally_often() {
        let kinds = kinds(&Plan::new(1, hour()));
        let each = Fault::each(&mut Dice::new(1, 1));
        assert_eq!(kinds.len(), each.len());
        let (least, most) = (kinds.values().min(), kinds.values().max());
        assert!(least.zip(most).is_some_and(|(least, most)| *least > 5 && most - least <= 2), "{kinds:?}");
    }

    #[test]
    fn lines_are_drawn_one_by_one_and_all_together() {
        let plan = Plan::new(1, hour());
        let lines: BTreeSet<_> = plan
            .steps
            .iter()
            .filter_map(|step| match step.fault {
                Fault::Network(_, Lines::One(line), _) => Some(Some(line)),
                Fault::Network(_, Lines::All, _) => Some(None),
                _ => None,
            })
            .collect();
        assert_eq!(lines.len(), 3);
    }
}
