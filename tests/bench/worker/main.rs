//! How many events the worker takes from RabbitMQ into PostgreSQL a second, beside the same transactions sent to
//! PostgreSQL from memory, which with one event each is the peer: one transaction an event.
//!
//! `cargo bench --bench worker`; `-- --help` says what can be chosen. All of it takes about six minutes a round.

#[path = "../setup/backlog.rs"]
mod backlog;
mod case;
#[path = "../common/mod.rs"]
mod common;
mod cost;
#[path = "../setup/database.rs"]
mod database;
mod drain;
#[path = "../setup/events.rs"]
mod events;
mod memory;
#[path = "../setup/processors.rs"]
mod processors;
mod sample;
mod summary;
mod variant;
#[path = "../setup/work.rs"]
mod work;
#[path = "../setup/worker_process.rs"]
mod worker_process;

use std::collections::BTreeMap;

use clap::Parser;
use harness::{Durability, Postgres, RabbitMq};

use case::{Case, Selection};
use common::{Machine, Options, parse};
use database::Server;
use events::Events;
use sample::Sample;
use variant::{Setting, Variant};

/// Measures the worker
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    options: Options,
}

/// All measurements of one variant of a case.
type Samples = BTreeMap<(Case, Variant), Vec<Sample>>;

fn main() -> anyhow::Result<()> {
    let Some(Arguments { selection, options }) = parse::<Arguments>() else { return Ok(()) };
    // Built before anything is measured, not beside it.
    harness::binaries();
    let broker = RabbitMq::start()?;
    let postgres = Server::new(Postgres::start(Durability::Full)?);
    let machine = Machine::here(Some(&broker))?;
    println!("{machine}, PostgreSQL {}", postgres.version());

    let mut samples = Samples::new();
    let mut traffic = BTreeMap::new();
    for round in 0..options.rounds() {
        for case in selection.cases() {
            let events = Events::new(case.work, case.events(options.duration()))?;
            traffic.insert(case.work, events.traffic.to_string());
            let setting = Setting { broker: &broker, postgres: &postgres, events: &events };
            let mut variants = case.variants().to_vec();
            if round % 2 == 1 {
                // So that none always pays for what the one before it left to be done.
                variants.reverse();
            }
            for variant in variants {
                let sample = setting.measure(variant, case)?;
                eprintln!("round {}: {case}, {variant}: {:.0}/s", round + 1, sample.rate);
                samples.entry((case, variant)).or_default().push(sample);
            }
        }
    }
    let traffic: Vec<String> = traffic.iter().map(|(work, traffic)| format!("{work}: {traffic}")).collect();
    summary::print(&samples, &machine, &traffic.join("\n"), &options)
}
