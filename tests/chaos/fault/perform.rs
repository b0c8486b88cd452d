//! Making a plan come true.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Result;

use super::{Done, Fault, History, Holds, Scene};
use crate::{
    plan::{Plan, Step},
    stopwatch::Stopwatch,
};

/// Lets the faults of a plan happen, and returns once all are over.
pub fn perform(plan: &Plan, scene: Scene<'_>, stopwatch: Stopwatch) -> History {
    let stage = Stage::new(plan, scene, stopwatch);
    thread::scope(|scope| {
        for step in &plan.steps {
            // One thread at a time waits for each fault: those to come have none yet.
            sleep_until(stopwatch, step.at);
            let stage = &stage;
            scope.spawn(move || stage.play(step));
        }
    });
    let mut history = stage.history.into_inner().unwrap_or_else(PoisonError::into_inner);
    history.done.sort_by_key(|done| done.began);
    history
}

fn sleep_until(stopwatch: Stopwatch, moment: Duration) {
    thread::sleep(moment.saturating_sub(stopwatch.now()));
}

struct Stage<'a> {
    scene: Scene<'a>,
    stopwatch: Stopwatch,
    /// A fault that took longer than planned keeps others waiting that disturb the same.
    held: BTreeMap<Holds, Mutex<()>>,
    history: Mutex<History>,
}

impl<'a> Stage<'a> {
    fn new(plan: &Plan, scene: Scene<'a>, stopwatch: Stopwatch) -> Self {
        let held = plan.steps.iter().flat_map(|step| step.fault.holds());
        let held = held.map(|holds| (holds, Mutex::new(()))).collect();
        Self { scene, stopwatch, held, history: Mutex::default() }
    }

    fn play(&self, Step { fault, lasting, .. }: &Step) {
        // All take what they hold in one order.
        let mut holds = fault.holds();
        holds.sort_unstable();
        let _held: Vec<MutexGuard<'_, ()>> =
            holds.iter().map(|held| self.held[held].lock().unwrap_or_else(PoisonError::into_inner)).collect();
        let began = self.stopwatch.now();
        eprintln!("{:7.1} s  {fault}, for {:.1} s", began.as_secs_f64(), lasting.as_secs_f64());
        let played = self.make_and_unmake(*fault, *lasting);
        let ended = self.stopwatch.now();
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.done.push(Done { fault: *fault, began, ended });
        if let Err(error) = played {
            eprintln!("{:7.1} s  {fault}: {error:#}", ended.as_secs_f64());
            history.failed.push(format!("{fault}: {error:#}"));
        }
    }

    fn make_and_unmake(&self, fault: Fault, lasting: Duration) -> Result<()> {
        let begun = self.scene.begin(fault);
        if begun.is_ok() {
            // The fault itself lasts so long.
            thread::sleep(lasting);
        }
        // Even what has only begun in part has to end.
        begun.and(self.scene.end(fault))
    }
}
