//! How many events the worker takes from RabbitMQ into PostgreSQL a second, beside the same batches sent to
//! PostgreSQL from memory, and beside one transaction an event.
//!
//! `cargo bench --bench worker`; `-- --help` says what can be set.

mod backlog;
#[path = "../common/mod.rs"]
mod common;
mod cost;
#[path = "../setup/database.rs"]
mod database;
mod drain;
mod events;
mod memory;
mod sample;
mod summary;
mod variant;
#[path = "../setup/worker_process.rs"]
mod worker_process;

use std::collections::BTreeMap;

use clap::Parser;
use harness::{Durability, Postgres, RabbitMq};

use common::{Machine, Options, parse};
use database::Server;
use events::Events;
use sample::Sample;
use variant::{Setting, Variant};

/// Batches are applied side by side, each on a connection of its own.
const LANES: [usize; 2] = [1, 2];
/// About as many as are applied in a second: what a measurement takes follows from this.
const EVENTS_PER_SECOND: usize = 10_000;

/// Measures the worker
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// All measurements of one variant with so many lanes.
type Samples = BTreeMap<(usize, Variant), Vec<Sample>>;

fn main() -> anyhow::Result<()> {
    let Some(Arguments { options }) = parse::<Arguments>() else { return Ok(()) };
    // Built before anything is measured, not beside it.
    harness::binaries();
    let broker = RabbitMq::start()?;
    let postgres = Server::new(Postgres::start(Durability::Full)?);
    let machine = Machine::here(Some(&broker))?;
    let events = Events::new(EVENTS_PER_SECOND * usize::from(options.seconds()))?;
    println!("{machine}, PostgreSQL {}\n{}\n", postgres.version(), events.traffic);

    let setting =
        Setting { broker: &broker, postgres: &postgres, events: &events, duration: options.duration() };
    let mut samples = Samples::new();
    for round in 0..options.rounds() {
        for lanes in LANES {
            let mut variants = Variant::ALL;
            if round % 2 == 1 {
                // So that none always pays for what the one before it left to be done.
                variants.reverse();
            }
            for variant in variants {
                let sample = setting.measure(variant, lanes)?;
                eprintln!("round {}: lanes: {lanes}, {variant}: {:.0}/s", round + 1, sample.rate);
                samples.entry((lanes, variant)).or_default().push(sample);
            }
        }
    }
    summary::print(&samples, &machine, &events.traffic, &options)
}
