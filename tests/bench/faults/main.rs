//! What faults of the database cost: how soon after each events are applied again, whether any is dead, lost or
//! doubled, and how much slower events that the database refuses make the rest.
//!
//! `cargo bench --bench faults -- --events 100000 --outage 60`; `-- --help` says what else can be set.

#[path = "../setup/backlog.rs"]
mod backlog;
#[path = "../common/mod.rs"]
mod common;
#[expect(dead_code, reason = "here nothing is applied without a queue")]
#[path = "../setup/events.rs"]
mod events;
mod fault;
mod poison;
mod summary;
mod trial;
#[path = "../setup/work.rs"]
mod work;
#[expect(dead_code, reason = "here nobody looks at the process itself")]
#[path = "../setup/worker_process.rs"]
mod worker_process;

use std::{collections::BTreeMap, time::Duration};

use clap::Parser;
use harness::{Durability, Postgres, RabbitMq};

use common::{Machine, Options, parse};
use events::Events;
use fault::Fault;
use poison::Poison;
use work::Work;

/// The worker's defaults.
const LANES: usize = 2;
const BATCH: usize = 500;

/// Measures what faults of the database cost
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// How many events wait in the queue when a run begins
    #[arg(long, default_value = "20000", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1000..))]
    events: u32,
    /// How many seconds a fault lasts, if not `--seconds`
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    outage: Option<u16>,
}

fn main() -> anyhow::Result<()> {
    let Some(Arguments { options, events, outage }) = parse::<Arguments>() else { return Ok(()) };
    // Built before anything is measured, not beside it.
    harness::binaries();
    let broker = RabbitMq::start()?;
    let machine = Machine::here(Some(&broker))?;
    let events = Events::new(Work::Mix, events.try_into()?)?;
    let outage = outage.map_or(options.duration(), |seconds| Duration::from_secs(seconds.into()));
    println!("{machine}\n{}\nfaults of {outage:?}\n", events.traffic);

    let mut trials = Vec::new();
    for fault in Fault::ALL {
        let trial = trial::run(fault, &broker, &events, outage)?;
        eprintln!("{fault}: {:.2?} until events were applied again", trial.recovery);
        trials.push(trial);
    }

    let server = Postgres::start(Durability::Full)?;
    let mut rates = BTreeMap::<Poison, Vec<f64>>::new();
    for round in 0..options.rounds() {
        let mut kinds = Poison::ALL;
        if round % 2 == 1 {
            // So that none always pays for what the one before it left to be done.
            kinds.reverse();
        }
        for poison in kinds {
            let rate = poison.measure(&broker, &server, &events)?;
            eprintln!("round {}: {poison}: {rate:.0}/s", round + 1);
            rates.entry(poison).or_default().push(rate);
        }
    }
    summary::print(&trials, &rates, &machine, &events.traffic, &options)
}
