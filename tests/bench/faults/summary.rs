//! The figures and what they are held to.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{
    common::{
        Machine, Options, Spread, Table, Traffic,
        report::{Report, Target},
    },
    fault::Fault,
    poison::Poison,
    trial::Trial,
};

const LONGEST_RECOVERY: Duration = Duration::from_secs(3);
const LEAST_OF_CLEAN: f64 = 0.95;

/// One fault, or one share of events that are refused.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Figures {
    Fault {
        fault: Fault,
        events: usize,
        dead: usize,
        lost: usize,
        doubled: usize,
        recovery_seconds: f64,
        retries: usize,
    },
    Refused {
        refused: Poison,
        events_per_second: Spread,
    },
}

/// Prints the figures and the targets, and writes them.
pub fn print(
    trials: &[Trial],
    rates: &BTreeMap<Poison, Vec<f64>>,
    machine: &Machine,
    traffic: &Traffic,
    options: &Options,
) -> anyhow::Result<()> {
    print_trials(trials);
    let mut table = Table::new(["", "events/s (min–max)"]);
    for (poison, rates) in rates {
        table.row([poison.to_string(), format!("{:#}", Spread::of(rates.iter().copied()))]);
    }
    println!("{table}");

    let faults = trials.iter().map(|trial| Figures::Fault {
        fault: trial.fault,
        events: trial.events,
        dead: trial.dead,
        lost: trial.lost,
        doubled: trial.doubled,
        recovery_seconds: trial.recovery.as_secs_f64(),
        retries: trial.retries,
    });
    let refused = rates.iter().map(|(poison, rates)| Figures::Refused {
        refused: *poison,
        events_per_second: Spread::of(rates.iter().copied()),
    });
    let results: Vec<Figures> = faults.chain(refused).collect();
    let report = Report {
        bench: "faults",
        machine,
        rounds: options.rounds(),
        seconds: options.seconds(),
        traffic: traffic.to_string(),
        results: &results,
        targets: &targets(trials, rates),
    };
    report.finish(options)
}

fn print_trials(trials: &[Trial]) {
    let mut table =
        Table::new(["fault", "events", "dead", "lost", "doubled", "retries", "applying again after s"]);
    for trial in trials {
        table.row([
            trial.fault.to_string(),
            trial.events.to_string(),
            trial.dead.to_string(),
            trial.lost.to_string(),
            trial.doubled.to_string(),
            trial.retries.to_string(),
            format!("{:.2}", trial.recovery.as_secs_f64()),
        ]);
    }
    println!("{table}");
}

fn targets(trials: &[Trial], rates: &BTreeMap<Poison, Vec<f64>>) -> Vec<Target> {
    let bad = trials.iter().map(|trial| (trial.dead + trial.lost + trial.doubled) as f64).sum::<f64>();
    let mut targets =
        vec![Target::at_most("events dead, lost or doubled".to_owned(), 0.0, Spread::of([bad]))];
    for trial in trials {
        let what = format!("seconds until events are applied again, {}", trial.fault);
        let recovery = Spread::of([trial.recovery.as_secs_f64()]);
        targets.push(Target::at_most(what, LONGEST_RECOVERY.as_secs_f64(), recovery));
    }
    let rounds = rates[&Poison::OneInTenThousand].iter().zip(&rates[&Poison::None]);
    let ratio = Spread::of(rounds.map(|(poisoned, clean)| poisoned / clean));
    let what = format!("events/s, {} / {}", Poison::OneInTenThousand, Poison::None);
    targets.push(Target::at_least(what, LEAST_OF_CLEAN, ratio));
    targets
}
