//! What has happened.

use std::{collections::BTreeMap, time::Duration};

use super::Fault;

/// A fault that begins within so much of an answer may have met what was answered.
const SOON: Duration = Duration::from_secs(5);

/// A fault that is over.
#[derive(Debug, Clone)]
pub struct Done {
    pub fault: Fault,
    pub began: Duration,
    pub ended: Duration,
}

/// All faults, in the disturbances in which they happened.
#[derive(Debug, Default)]
pub struct History {
    pub disturbances: Vec<Disturbance>,
    /// Faults that could not be made or unmade, and why.
    pub failed: Vec<String>,
}

/// Faults between two moments at which nothing was wrong.
#[derive(Debug, Clone)]
pub struct Disturbance {
    pub faults: Vec<Done>,
    /// When the last of them was over.
    pub ended: Duration,
}

impl History {
    /// All faults.
    pub fn done(&self) -> impl Iterator<Item = &Done> {
        self.disturbances.iter().flat_map(|disturbance| &disturbance.faults)
    }

    /// How often each kind happened, and for how long in all.
    pub fn by_kind(&self) -> BTreeMap<String, (usize, Duration)> {
        let mut kinds = BTreeMap::<String, (usize, Duration)>::new();
        for Done { fault, began, ended } in self.done() {
            let (count, time) = kinds.entry(fault.kind()).or_default();
            *count += 1;
            *time += *ended - *began;
        }
        kinds
    }

    /// What began soon after a moment.
    pub fn soon_after(&self, moment: Duration) -> Vec<Fault> {
        let soon = |done: &&Done| (moment..moment + SOON).contains(&done.began);
        self.done().filter(soon).map(|done| done.fault).collect()
    }

    /// What was wrong at a moment.
    pub fn at(&self, moment: Duration) -> Vec<Fault> {
        let at = |done: &&Done| (done.began..=done.ended).contains(&moment);
        self.done().filter(at).map(|done| done.fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wrong_at_a_moment_is_what_had_begun_and_not_ended() {
        let seconds = Duration::from_secs;
        let done =
            |began, ended| Done { fault: Fault::MemoryAlarm, began: seconds(began), ended: seconds(ended) };
        let disturbance = Disturbance { faults: vec![done(1, 9), done(2, 3)], ended: seconds(9) };
        let history = History { disturbances: vec![disturbance], failed: Vec::new() };
        let wrong_at = |second| history.at(seconds(second)).len();
        assert_eq!([0, 1, 2, 4, 10].map(wrong_at), [0, 1, 2, 1, 0]);
        assert_eq!(history.by_kind()["broker's memory alarm"], (2, seconds(9)));
    }
}
