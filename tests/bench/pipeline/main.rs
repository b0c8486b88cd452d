//! How many events go all the way from a POST to a row of PostgreSQL a second, beside the edge alone and the worker
//! alone; and how long one takes at 10, 50 and 90 % of that.
//!
//! `cargo bench --bench pipeline`; `-- --help` says what can be set.

#[path = "../common/mod.rs"]
mod common;
#[path = "../setup/database.rs"]
mod database;
mod flow;
#[path = "../setup/ingest_process.rs"]
mod ingest_process;
#[path = "../setup/probe.rs"]
mod probe;
#[path = "../setup/processors.rs"]
mod processors;
mod summary;
#[path = "../setup/way.rs"]
mod way;
#[path = "../setup/worker_process.rs"]
mod worker_process;

use clap::Parser;
use harness::{Durability, Postgres, RabbitMq};

use common::{Machine, Options, Traffic, parse};
use database::Server;
use flow::{Setting, TRAFFIC_SEED};

/// About as many as go all the way in a second: what a measurement takes follows from this.
const EVENTS_PER_SECOND: usize = 5_000;

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
    let traffic = Traffic::new(TRAFFIC_SEED, EVENTS_PER_SECOND * usize::from(options.seconds()))?;
    println!("{machine}, PostgreSQL {}\n{traffic}\n", postgres.version());

    let setting =
        Setting { broker: &broker, postgres: &postgres, traffic: &traffic, duration: options.duration() };
    let mut samples = Vec::new();
    for round in 1..=options.rounds() {
        let sample = setting.measure()?;
        eprintln!("round {round}: {sample:.1?}");
        samples.push(sample);
    }
    summary::print(&samples, &machine, &traffic, &options)
}
