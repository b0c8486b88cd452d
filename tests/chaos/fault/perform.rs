//! Making a plan come true.

use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Result;

use super::{Disturbance, Done, Fault, History, Scene};
use crate::{
    options::Length,
    plan::{self, Plan, Step},
    stopwatch::Stopwatch,
};

/// Lets the disturbances of a plan happen, one after another, and returns once all are over.
pub fn perform(plan: Plan, length: Length, scene: Scene<'_>, stopwatch: Stopwatch) -> History {
    let mut history = History::default();
    for disturbance in plan {
        if matches!(length, Length::For(time) if stopwatch.now() >= time) {
            break;
        }
        // Nothing is wrong for so long.
        thread::sleep(disturbance.calm);
        let stage = Stage { scene, stopwatch, done: Mutex::default(), failed: Mutex::default() };
        let (faults, failed) = stage.play(&disturbance);
        history.disturbances.push(Disturbance { faults, ended: stopwatch.now() });
        history.failed.extend(failed);
    }
    history
}

/// One disturbance.
struct Stage<'a> {
    scene: Scene<'a>,
    stopwatch: Stopwatch,
    done: Mutex<Vec<Done>>,
    failed: Mutex<Vec<String>>,
}

impl Stage<'_> {
    /// The faults, and what could not be made or unmade.
    fn play(self, disturbance: &plan::Disturbance) -> (Vec<Done>, Vec<String>) {
        let began = self.stopwatch.now();
        thread::scope(|scope| {
            for step in &disturbance.steps {
                thread::sleep((began + step.at).saturating_sub(self.stopwatch.now()));
                scope.spawn(|| self.play_one(step));
            }
        });
        let Self { done, failed, .. } = self;
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|done| done.began);
        (done, failed.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn play_one(&self, Step { fault, lasting, .. }: &Step) {
        let began = self.stopwatch.now();
        eprintln!("{:7.1} s  {fault}, for {:.1} s", began.as_secs_f64(), lasting.as_secs_f64());
        let played = self.make_and_unmake(*fault, *lasting);
        let ended = self.stopwatch.now();
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push(Done { fault: *fault, began, ended });
        if let Err(error) = played {
            let failure = format!("{fault}: {error:#}");
            eprintln!("{:7.1} s  {failure}", ended.as_secs_f64());
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
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
