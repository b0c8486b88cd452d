//! How many webhooks the edge confirms a second, and what one costs, beside what limits it: an HTTP server that does
//! nothing, and a publisher without HTTP.
//!
//! `cargo bench --bench ingest`; `-- --help` says what can be set.

#[path = "../common/mod.rs"]
mod common;
mod http_load;
#[path = "../setup/ingest_process.rs"]
mod ingest_process;
mod queue_file;
mod raw_publisher;
mod reference;
mod sample;
mod summary;
mod variant;

use std::{collections::BTreeMap, net::SocketAddr};

use clap::Parser;
use harness::RabbitMq;

use common::{Machine, Options, Traffic, parse};
use reference::Reference;
use sample::Sample;
use variant::{Setting, Variant};

/// How many requests are in flight, one a connection.
const CONNECTIONS: &str = "1,8,64,256";
const SEED: u64 = 1;
/// More than any cache holds; sent again and again.
const DISTINCT_EVENTS: usize = 4096;

/// Measures the edge
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// With how many connections to measure, comma-separated
    #[arg(long, default_value = CONNECTIONS, value_delimiter = ',', value_name = "NUMBERS")]
    connections: Vec<usize>,
    /// Serve as this program does when it starts itself.
    #[arg(long, hide = true, requires = "listen")]
    serve: Option<Reference>,
    #[arg(long, hide = true)]
    listen: Option<SocketAddr>,
}

/// All measurements of one variant with so many connections.
type Samples = BTreeMap<(usize, Variant), Vec<Sample>>;

fn main() -> anyhow::Result<()> {
    let Some(arguments) = parse::<Arguments>() else { return Ok(()) };
    match (arguments.serve, arguments.listen) {
        (Some(reference), Some(address)) => reference.serve(address),
        _ => measure(&arguments.options, &arguments.connections),
    }
}

fn measure(options: &Options, connections: &[usize]) -> anyhow::Result<()> {
    // Built before anything is measured, not beside it.
    harness::binaries();
    let broker = RabbitMq::start()?;
    let machine = Machine::here(Some(&broker))?;
    let traffic = Traffic::new(SEED, DISTINCT_EVENTS)?;
    println!("{machine}\n{traffic}\n");

    let setting = Setting { broker: &broker, traffic: &traffic, duration: options.duration() };
    let mut samples = Samples::new();
    for round in 0..options.rounds() {
        for &connections in connections {
            let mut variants = Variant::ALL;
            if round % 2 == 1 {
                // So that none always pays for what the one before it left to be done.
                variants.reverse();
            }
            for variant in variants {
                let sample = setting.measure(variant, connections)?;
                eprintln!("round {}: connections: {connections}, {variant}: {:.0}/s", round + 1, sample.rate);
                samples.entry((connections, variant)).or_default().push(sample);
            }
        }
    }
    summary::print(&samples, connections, &machine, &traffic, options)
}
