//! How many events go all the way from a POST to a row of PostgreSQL a second, beside the edge alone and the worker
//! alone; and how long one takes when the machine is half busy.
//!
//! `cargo bench --bench pipeline`; `-- --help` says what can be set.

#[path = "../common/mod.rs"]
mod common;
#[path = "../setup/database.rs"]
mod database;
mod flow;
#[path = "../setup/ingest_process.rs"]
mod ingest_process;
mod probe;
mod processors;
mod summary;
#[path = "../setup/worker_process.rs"]
mod worker_process;

use clap::Parser;
use harness::{Durability, Postgres, RabbitMq};

use common::{Machine, Options, Traffic, parse};
use database::Server;
use flow::Setting;

/// About as many as go all the way in a second: what a measurement takes follows from this.
const EVENTS_PER_SECOND: usize = 5_000;
const SEED: u64 = 1;
const PROBE_SEED: u64 = 3;
const MOST_PROBES: usize = 5_000;

/// Measures the way from a POST to a row
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    let Some(Arguments { options }) = parse::<Arguments>() else { return Ok(()) };
    // Built before anything is measured, not beside it.
    harness::binaries();
    let broker = RabbitMq::start()?;
    let postgres = Server::new(Postgres::start(Durability::Full)?);
    let machine = Machine::here(Some(&broker))?;
    let traffic = Traffic::new(SEED, EVENTS_PER_SECOND * usize::from(options.seconds()))?;
    let probes = Traffic::new(PROBE_SEED, MOST_PROBES)?;
    println!("{machine}, PostgreSQL {}\n{traffic}\n", postgres.version());

    let setting = Setting {
        broker: &broker,
        postgres: &postgres,
        traffic: &traffic,
        probes: &probes,
        duration: options.duration(),
    };
    let mut samples = Vec::new();
    for round in 1..=options.rounds() {
        let sample = setting.measure()?;
        eprintln!("round {round}: {sample:.1?}");
        samples.push(sample);
    }
    summary::print(&samples, &machine, &traffic, &options)
}
