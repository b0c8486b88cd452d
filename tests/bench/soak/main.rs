//! Whether the edge grows: its memory, open files and threads under full load, with its broker dead, and after the
//! broker has come back.
//!
//! `cargo bench --bench soak -- --minutes 10`.

#[path = "../common/admin.rs"]
mod admin;
mod edge;
mod inbox;
#[path = "../common/machine.rs"]
mod machine;
mod phase;
mod report;
#[path = "../common/table.rs"]
mod table;
#[path = "../common/traffic.rs"]
mod traffic;

use std::{env, process::ExitCode, time::Duration};

use clap::Parser;
use harness::RabbitMq;

use edge::Edge;
use inbox::NAMESPACE;
use machine::Machine;
use phase::Phase;
use traffic::Traffic;

const SEED: u64 = 1;
const DISTINCT_EVENTS: usize = 4096;

/// Watches whether the edge grows
#[derive(Debug, Parser)]
struct Arguments {
    /// How many minutes each of the three phases takes
    #[arg(long, default_value = "1", value_name = "NUMBER", value_parser = minutes)]
    minutes: Duration,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn minutes(text: &str) -> Result<Duration, String> {
    let minutes: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    // Fewer samples than one a second for ten seconds say nothing.
    if !(0.2..=10_000.0).contains(&minutes) {
        return Err("between 0.2 and 10000".to_owned());
    }
    Ok(Duration::from_secs_f64(minutes * 60.0))
}

fn main() -> anyhow::Result<ExitCode> {
    // `cargo test --all-targets` runs this program too, with whatever arguments its tests take.
    if !env::args().any(|argument| argument == "--bench") {
        eprintln!("nothing is watched: run `cargo bench`");
        return Ok(ExitCode::SUCCESS);
    }
    soak(Arguments::parse().minutes)
}

fn soak(time: Duration) -> anyhow::Result<ExitCode> {
    harness::binaries();
    let mut broker = RabbitMq::start()?;
    let traffic = Traffic::new(SEED, DISTINCT_EVENTS)?;
    println!("{}\n{traffic}\n", Machine::here(Some(&broker))?);

    let inbox = inbox::declare(broker.url())?;
    let edge = Edge::start(broker.url(), NAMESPACE);
    edge.wait_until_ready(true);
    let full_load = Phase::run("full load", &edge, &traffic, time, 200)?;
    broker.wait_until_on_disk(&inbox);

    broker.kill9();
    edge.wait_until_ready(false);
    let dead_broker = Phase::run("dead broker", &edge, &traffic, time, 503)?;

    broker.restart()?;
    edge.wait_until_ready(true);
    let recovered = Phase::run("recovered", &edge, &traffic, time, 200)?;

    edge.stop()?;
    Ok(report::print(&[full_load, dead_broker, recovered]))
}
