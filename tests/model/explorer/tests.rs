//! A search that overlooks something proves nothing.

use super::*;

/// Numbers, from 0 on: from where to where there is a step, and whether that is a fault.
struct Graph(&'static [(u8, u8, bool)]);

/// To where, and whether it is a fault.
type To = (u8, bool);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Action(To);

impl Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "to {}", self.0.0)
    }
}

impl Model for Graph {
    type State = u8;
    type Action = Action;

    fn initial(&self) -> u8 {
        0
    }

    fn steps(&self, state: &u8) -> Vec<(Action, u8)> {
        let from_here = self.0.iter().filter(|(from, ..)| from == state);
        from_here.map(|&(_, to, is_fault)| (Action((to, is_fault)), to)).collect()
    }

    fn is_fault(Action((_, is_fault)): &Action) -> bool {
        *is_fault
    }

    /// Those from 100 on are like those from 0 on.
    fn canonical(state: u8) -> u8 {
        state % 100
    }
}

fn counterexample(graph: &Graph, claim: Claim<Graph>) -> Option<String> {
    explore(graph, &[Property { name: "it", claim }], &[]).counterexamples.remove("it")
}

const DETOUR: Graph = Graph(&[(0, 1, false), (1, 2, false), (2, 3, false), (0, 2, false), (3, 4, true)]);

#[test]
fn every_state_and_every_step_is_seen_and_a_run_is_as_short_as_can_be() {
    let Exploration { states, steps, ends, .. } = explore(&DETOUR, &[], &[]);
    assert_eq!((states, steps, ends), (5, 5, true));
    let run = "       0\n   1. to 2\n       2\n   2. to 3\n       3\n";
    assert_eq!(counterexample(&DETOUR, Claim::Always(|_, state| *state != 3)).unwrap(), run);
    assert_eq!(
        counterexample(&DETOUR, Claim::EachStep(|_, step| (*step.before, *step.after) != (2, 3))).unwrap(),
        run
    );
    assert_eq!(counterexample(&DETOUR, Claim::Always(|_, state| *state < 5)), None);
}

#[test]
fn it_is_the_end_where_nothing_can_happen_but_faults() {
    assert!(counterexample(&DETOUR, Claim::InTheEnd(|_, state| *state != 3)).is_some());
    assert!(counterexample(&DETOUR, Claim::InTheEnd(|_, state| *state != 4)).is_some());
    assert!(counterexample(&DETOUR, Claim::InTheEnd(|_, state| *state >= 3)).is_none());
}

#[test]
fn a_run_without_an_end_is_found() {
    assert!(!explore(&Graph(&[(0, 1, false), (1, 2, false), (2, 1, false)]), &[], &[]).ends);
    assert!(!explore(&Graph(&[(0, 0, false)]), &[], &[]).ends);
}

#[test]
fn what_is_alike_is_visited_once_and_keeps_its_name_in_a_run() {
    let graph = Graph(&[(0, 101, false), (1, 2, false), (101, 102, false), (0, 1, false)]);
    assert_eq!(explore(&graph, &[], &[]).states, 3);
    let run = counterexample(&graph, Claim::Always(|_, state| *state != 2)).unwrap();
    assert!(run.contains("to 101") && run.contains("to 102"), "{run}");
}

#[test]
fn a_landmark_that_is_not_there_is_not_seen() {
    let landmark = |name, is_seen| Landmark { name, is_seen };
    let landmarks = [
        landmark("there", |_, step: &Step<'_, Graph>| *step.after == 4),
        landmark("nowhere", |_, step: &Step<'_, Graph>| *step.after == 5),
    ];
    assert_eq!(explore(&DETOUR, &[], &landmarks).unseen, ["nowhere"]);
}
