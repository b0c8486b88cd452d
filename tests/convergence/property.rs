//! Any order, any duplication, any cutting into batches, any number of workers: the same rows, and the right ones.

use std::cell::Cell;
use std::env;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Instant;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use crate::case::{Arrangement, Case, WORKERS, case};
use crate::database::{Backend, Database};
use crate::oracle::event::Event;
use crate::oracle::expected::Expected;
use crate::oracle::time::START;
use crate::workers::{self, Work};

/// How many cases are tried unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 1_000;
/// While it shrinks, a case is tried so often before it counts as passed: with several workers it may fail only
/// now and then.
const SHRINKING_TRIES: u32 = 10;
/// After so many, the tables are emptied, so that a long run fits the machine.
const CASES_BETWEEN_CLEARINGS: u32 = 10_000;

/// Tries generated cases, each in two arrangements, in one database for each.
pub fn every_arrangement_gives_the_same_tables(backend: Backend) {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    // A case is no more than its seed: what failed is tried again by giving the seed again, and what should be
    // remembered becomes a test with a name.
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(rand::random());
    }
    let seed = config.rng_seed;

    let property = Property::new(backend);
    let result = TestRunner::new(config).run(&case(), |case| property.holds_on_every_try(&case));
    match result {
        Ok(()) => property.nothing_else_is_there(),
        Err(TestError::Fail(reason, _)) => panic!(
            "after {} cases on {backend:?}, shrunk, PROPTEST_RNG_SEED={seed}:\n{reason}",
            property.passed.get()
        ),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

struct Property {
    databases: [Database; 2],
    backend: Backend,
    began: Instant,
    /// Numbers the runs: each has ids of its own.
    run: Cell<u32>,
    passed: Cell<u32>,
    /// Whether a case has failed, and is now being shrunk.
    failed: Cell<bool>,
    events: Cell<usize>,
    /// The rows there must be in each database.
    rows: Cell<usize>,
}

impl Property {
    fn new(backend: Backend) -> Self {
        Self {
            databases: [(); 2].map(|()| Database::new(backend, WORKERS)),
            backend,
            began: Instant::now(),
            run: Cell::new(0),
            passed: Cell::new(0),
            failed: Cell::new(false),
            events: Cell::new(0),
            rows: Cell::new(0),
        }
    }

    fn holds_on_every_try(&self, case: &Case) -> Result<(), TestCaseError> {
        let tries = if self.failed.get() { SHRINKING_TRIES } else { 1 };
        (0..tries).try_for_each(|_| self.holds(case)).inspect_err(|_| self.failed.set(true))
    }

    fn holds(&self, case: &Case) -> Result<(), TestCaseError> {
        let run = self.run.replace(self.run.get() + 1);
        let events = case.events(run);
        let expected = Expected::of(&events);
        self.rows.set(self.rows.get() + expected.len());
        let arrangements = case.arrangements();
        let (one, its_work) = self.arrange(0, &events, &arrangements[0], &expected)?;
        let (other, others_work) = self.arrange(1, &events, &arrangements[1], &expected)?;
        if let Some((row, same)) = one.iter().zip(&other).find(|(row, same)| row != same) {
            let its_story = story(&events, &arrangements[0], Some(&its_work));
            let others_story = story(&events, &arrangements[1], Some(&others_work));
            return Err(TestCaseError::fail(format!("{row}\n{its_story}{same}\n{others_story}")));
        }
        if !self.failed.get() {
            self.passed(events.len());
        }
        Ok(())
    }

    /// Lets the events arrive in one arrangement; returns what is then in the tables, which is as expected.
    fn arrange(
        &self,
        which: usize,
        events: &[Event],
        arrangement: &Arrangement,
        expected: &Expected,
    ) -> Result<(Vec<String>, Work), TestCaseError> {
        let database = &self.databases[which];
        let deliver = |(batch, numbers): (usize, &Vec<usize>)| {
            numbers.iter().map(|&number| events[number].delivery(START + batch as i64)).collect()
        };
        let batches: Vec<_> = arrangement.batches.iter().enumerate().map(deliver).collect();
        let failed = |reason: String, work: Option<&Work>| {
            TestCaseError::fail(format!("{reason}\n{}", story(events, arrangement, work)))
        };

        let work =
            workers::apply(database, &batches, arrangement.workers).map_err(|reason| failed(reason, None))?;
        if work.fresh != events.len() {
            return Err(failed(format!("{} deliveries were new", work.fresh), Some(&work)));
        }
        let mut keys: Vec<String> = events.iter().map(|event| event.svix_id.clone()).collect();
        keys.extend(events.iter().map(|event| event.object_id.clone()));
        let found = database.rows_of(&keys);
        expected.check(&found).map_err(|reason| failed(reason, Some(&work)))?;
        Ok((found.comparable(), work))
    }

    fn passed(&self, events: usize) {
        self.passed.set(self.passed.get() + 1);
        self.events.set(self.events.get() + events);
        if !self.passed.get().is_multiple_of(CASES_BETWEEN_CLEARINGS) {
            return;
        }
        self.nothing_else_is_there();
        self.databases.iter().for_each(Database::clear);
        self.rows.set(0);
        // Past the capture of a test's output: who waits this long wants to see it.
        let _ = writeln!(
            io::stderr(),
            "convergence on {:?}: {} cases, {} events, {:.0?}",
            self.backend,
            self.passed.get(),
            self.events.get(),
            self.began.elapsed()
        );
    }

    /// Every row was expected of some case.
    fn nothing_else_is_there(&self) {
        for database in &self.databases {
            assert_eq!(database.count(), self.rows.get(), "rows on {:?}", self.backend);
        }
    }
}

/// The events in the order in which they arrived, with batch and worker.
fn story(events: &[Event], arrangement: &Arrangement, work: Option<&Work>) -> String {
    let mut text = format!("as they arrived, with {} workers:\n", arrangement.workers);
    for (batch, numbers) in arrangement.batches.iter().enumerate() {
        let worker = work.and_then(|work| work.worker_of[batch]);
        let worker = worker.map_or_else(|| "?".to_owned(), |worker| worker.to_string());
        for &number in numbers {
            let _ = writeln!(text, "  worker {worker} batch {batch:<2} {}", events[number]);
        }
    }
    text
}
