//! Visits every state that a model can reach, breadth first: what it finds first is found in the fewest steps.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt::{self, Display},
    hash::{BuildHasherDefault, Hash, Hasher},
    ops::Range,
};

/// Something with states, and steps between them.
pub trait Model {
    type State: Copy + Eq + Hash + Display;
    type Action: Copy + Eq + Display;

    /// Where it begins.
    fn initial(&self) -> Self::State;

    /// All that can happen in a state, and where each of it leads.
    fn steps(&self, state: &Self::State) -> Vec<(Self::Action, Self::State)>;

    /// Whether an action is a fault. A fault may never happen; all else does sooner or later, for as long as it can.
    fn is_fault(action: &Self::Action) -> bool;

    /// The one state that stands for all that differ from it in nothing but the names of what is alike.
    fn canonical(state: Self::State) -> Self::State;
}

/// Something that must be true.
pub struct Property<M: Model> {
    pub name: &'static str,
    pub claim: Claim<M>,
}

/// Of what it must be true.
pub enum Claim<M: Model> {
    /// Of every state.
    Always(fn(&M, &M::State) -> bool),
    /// Of every state in which nothing can happen but faults. Where every run ends, that is what becomes true in the end.
    InTheEnd(fn(&M, &M::State) -> bool),
    /// Of every step.
    EachStep(fn(&M, &Step<'_, M>) -> bool),
}

/// Something that must be possible: a model in which it never happens shows nothing of it.
pub struct Landmark<M: Model> {
    pub name: &'static str,
    pub is_seen: fn(&M, &Step<'_, M>) -> bool,
}

/// From one state to the next.
pub struct Step<'a, M: Model> {
    pub before: &'a M::State,
    pub action: M::Action,
    pub after: &'a M::State,
}

/// What there is to be seen.
pub struct Exploration {
    pub states: usize,
    pub steps: usize,
    /// Whether every run comes to an end: none can be in one state twice.
    pub ends: bool,
    /// For each property that is not true, a shortest run that shows it, for people to read.
    pub counterexamples: BTreeMap<&'static str, String>,
    /// The landmarks that were not seen.
    pub unseen: Vec<&'static str>,
}

/// Visits all states, whatever is found.
pub fn explore<M: Model>(model: &M, properties: &[Property<M>], landmarks: &[Landmark<M>]) -> Exploration {
    let mut map = Map::new(model);
    let mut counterexamples = BTreeMap::new();
    let mut unseen: Vec<_> = landmarks.iter().collect();
    let mut frontier = VecDeque::from([map.origin()]);
    while let Some(state) = frontier.pop_front() {
        let steps = model.steps(&state);
        let is_the_end = steps.iter().all(|(action, _)| M::is_fault(action));
        let number = map.expand();
        for Property { name, claim } in properties {
            let holds = match claim {
                Claim::Always(holds) => holds(model, &state),
                Claim::InTheEnd(holds) => !is_the_end || holds(model, &state),
                Claim::EachStep(_) => true,
            };
            if !holds {
                counterexamples.entry(*name).or_insert_with(|| map.run(number, None));
            }
        }
        for (action, after) in steps {
            let step = Step { before: &state, action, after: &after };
            for Property { name, claim } in properties {
                if let Claim::EachStep(holds) = claim
                    && !holds(model, &step)
                {
                    counterexamples.entry(*name).or_insert_with(|| map.run(number, Some(action)));
                }
            }
            unseen.retain(|landmark| !(landmark.is_seen)(model, &step));
            let after = M::canonical(after);
            if map.arrive(number, action, after) {
                frontier.push_back(after);
            }
        }
    }
    Exploration {
        states: map.arrivals.len(),
        steps: map.edges.len(),
        ends: map.is_acyclic(),
        counterexamples,
        unseen: unseen.iter().map(|landmark| landmark.name).collect(),
    }
}

/// The states, numbered in the order in which they are found and visited, and how they hang together.
struct Map<'a, M: Model> {
    model: &'a M,
    numbers: HashMap<M::State, u32, BuildHasherDefault<Mixer>>,
    /// How each state was first reached: from where, and by what. The first one was there.
    arrivals: Vec<Option<(u32, M::Action)>>,
    /// Where the steps lead, those of one state after those of the other.
    edges: Vec<u32>,
    /// Where the edges of each state begin.
    begins: Vec<usize>,
}

impl<'a, M: Model> Map<'a, M> {
    fn new(model: &'a M) -> Self {
        let numbers = HashMap::from_iter([(M::canonical(model.initial()), 0)]);
        Self { model, numbers, arrivals: vec![None], edges: Vec::new(), begins: Vec::new() }
    }

    fn origin(&self) -> M::State {
        M::canonical(self.model.initial())
    }

    /// The number of the state that is visited next, from which the steps are that are noted next.
    fn expand(&mut self) -> u32 {
        self.begins.push(self.edges.len());
        self.begins.len() as u32 - 1
    }

    /// Notes a step; whether it leads to a state where nobody has been.
    fn arrive(&mut self, from: u32, action: M::Action, to: M::State) -> bool {
        let next = self.arrivals.len() as u32;
        let number = *self.numbers.entry(to).or_insert(next);
        self.edges.push(number);
        if number == next {
            self.arrivals.push(Some((from, action)));
        }
        number == next
    }

    fn edges_of(&self, number: usize) -> Range<usize> {
        self.begins[number]..self.begins.get(number + 1).copied().unwrap_or(self.edges.len())
    }

    /// Takes away the states that no other leads to, for as long as there are any: what then remains is on a circle, or behind
    /// one.
    fn is_acyclic(&self) -> bool {
        let mut ways_in = vec![0_u32; self.arrivals.len()];
        self.edges.iter().for_each(|&to| ways_in[to as usize] += 1);
        let mut free: Vec<_> = (0..ways_in.len()).filter(|&number| ways_in[number] == 0).collect();
        let mut taken = 0;
        while let Some(number) = free.pop() {
            taken += 1;
            for &to in &self.edges[self.edges_of(number)] {
                ways_in[to as usize] -= 1;
                if ways_in[to as usize] == 0 {
                    free.push(to as usize);
                }
            }
        }
        taken == ways_in.len()
    }

    /// The steps to a state, and one more from there; for people to read.
    fn run(&self, to: u32, one_more: Option<M::Action>) -> String {
        let mut actions = Vec::from_iter(one_more);
        let mut at = to;
        while let Some((from, action)) = self.arrivals[at as usize] {
            actions.push(action);
            at = from;
        }
        // What is alike keeps its name from here on, whichever of them stood for the others.
        let (mut standing_in, mut state) = (self.origin(), self.model.initial());
        let mut lines = format!("       {state}\n");
        for (number, action) in actions.into_iter().rev().enumerate() {
            let after = self.model.steps(&standing_in).into_iter().find(|(other, _)| *other == action);
            standing_in = M::canonical(after.expect("it was taken before").1);
            let mut steps = self.model.steps(&state).into_iter();
            let same = steps.find(|(_, after)| M::canonical(*after) == standing_in);
            let (action, after) = same.expect("what is alike can do the same");
            lines += &format!("  {:>2}. {action}\n       {}\n", number + 1, changes(&state, &after));
            state = after;
        }
        lines
    }
}

/// What is different in a state, of what it says in fields with bars between them.
fn changes(before: &impl Display, after: &impl Display) -> String {
    let (before, after) = (before.to_string(), after.to_string());
    let fields = before.split(" | ").zip(after.split(" | "));
    let changes: Vec<_> = fields.filter(|(before, after)| before != after).map(|(_, after)| after).collect();
    changes.join(" | ")
}

impl Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} states, {} steps", self.states, self.steps)
    }
}

/// Quick and good enough: nobody chooses states in order to have them collide.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests;
