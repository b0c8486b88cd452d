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

/// All faults, in the order in which they began.
#[derive(Debug, Default)]
pub struct History {
    pub done: Vec<Done>,
    /// Faults that could not be made or unmade, and why.
    pub failed: Vec<String>,
}

/// A time without a moment at which nothing was wrong.
#[derive(Debug, Clone)]
pub struct Disturbance {
    pub faults: Vec<Fault>,
    pub began: Duration,
    pub ended: Duration,
}

impl History {
    /// The disturbances that the faults add up to.
    pub fn disturbances(&self) -> Vec<Disturbance> {
        let mut disturbances: Vec<Disturbance> = Vec::new();
        for Done { fault, began, ended } in &self.done {
            match disturbances.last_mut().filter(|last| *began <= last.ended) {
                Some(last) => {
                    last.faults.push(*fault);
                    last.ended = last.ended.max(*ended);
                }
                None => {
                    disturbances.push(Disturbance { faults: vec![*fault], began: *began, ended: *ended });
                }
            }
        }
        disturbances
    }

    /// How often each kind happened, and for how long in all.
    pub fn by_kind(&self) -> BTreeMap<String, (usize, Duration)> {
        let mut kinds = BTreeMap::<String, (usize, Duration)>::new();
        for Done { fault, began, ended } in &self.done {
            let (count, time) = kinds.entry(fault.kind()).or_default();
            *count += 1;
            *time += *ended - *began;
        }
        kinds
    }

    /// What began soon after a moment.
    pub fn soon_after(&self, moment: Duration) -> Vec<Fault> {
        let soon = |done: &&Done| (moment..moment + SOON).contains(&done.began);
        self.done.iter().filter(soon).map(|done| done.fault).collect()
    }

    /// What was wrong at a moment.
    pub fn at(&self, moment: Duration) -> Vec<Fault> {
        let at = |done: &&Done| (done.began..=done.ended).contains(&moment);
        self.done.iter().filter(at).map(|done| done.fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(spans: &[(u64, u64)]) -> History {
        let seconds = Duration::from_secs;
        let done = |&(began, ended): &(u64, u64)| Done {
            fault: Fault::MemoryAlarm,
            began: seconds(began),
            ended: seconds(ended),
        };
        History { done: spans.iter().map(done).collect(), failed: Vec::new() }
    }

    #[test]
    fn a_disturbance_lasts_until_nothing_is_wrong_any_more() {
        let disturbances = history(&[(1, 9), (2, 3), (4, 12), (13, 14)]).disturbances();
        let spans: Vec<_> = disturbances.iter().map(|d| (d.began.as_secs(), d.ended.as_secs())).collect();
        assert_eq!(spans, [(1, 12), (13, 14)]);
        assert_eq!(disturbances[0].faults.len(), 3);
    }

    #[test]
    fn what_was_wrong_at_a_moment_is_what_had_begun_and_not_ended() {
        let history = history(&[(1, 9), (2, 3)]);
        let wrong_at = |second| history.at(Duration::from_secs(second)).len();
        assert_eq!([0, 1, 2, 4, 10].map(wrong_at), [0, 1, 2, 1, 0]);
    }
}
