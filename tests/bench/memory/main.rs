//! How much memory a worker holds while it takes a long backlog into PostgreSQL, and whether that grows.
//!
//! `cargo bench --bench memory -- --rounds 1`; `-- --help` says what else can be set. A round takes about five minutes.

#[path = "../setup/backlog.rs"]
mod backlog;
#[expect(dead_code, reason = "here nothing is measured by the second, and less is better")]
#[path = "../common/mod.rs"]
mod common;
#[path = "../setup/database.rs"]
mod database;
mod drain;
mod load;
mod summary;
#[path = "../setup/worker_process.rs"]
mod worker_process;

use clap::Parser;
use harness::{Durability, Postgres, RabbitMq};

use common::{Machine, Options, parse};
use database::Server;
use load::Load;

/// Measures how much memory a worker holds
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// How many events of 2 kB wait in the queue
    #[arg(long, default_value = "1000000", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1000..))]
    events: u32,
    /// How many lanes the worker has
    #[arg(long, default_value = "2", value_name = "NUMBER")]
    lanes: usize,
}

fn main() -> anyhow::Result<()> {
    let Some(Arguments { options, events, lanes }) = parse::<Arguments>() else { return Ok(()) };
    // Built before anything is measured, not beside it.
    harness::binaries();
    let broker = RabbitMq::start()?;
    let server = Server::new(Postgres::start(Durability::Full)?);
    let machine = Machine::here(Some(&broker))?;
    println!("{machine}, PostgreSQL {}", server.version());

    let loads = [Load::long(events.try_into()?), Load::large()];
    let mut drains = Vec::new();
    for round in 0..options.rounds() {
        for load in loads {
            let drain = drain::watch(&broker, &server, load, lanes)?;
            eprintln!("round {}: {load}: {:.1} MiB at most", round + 1, drain.most());
            drains.push(drain);
        }
    }
    summary::print(&drains, &machine, &options)
}
