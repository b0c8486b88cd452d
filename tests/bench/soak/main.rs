//! Whether anything grows in the long run: memory, open files, threads, and the time an event takes.
//!
//! - `cargo bench --bench soak -- --minutes 10`: the edge alone, under full load, with its broker dead, and after the broker
//!   has come back.
//! - `cargo bench --bench soak -- pipeline --minutes 60`: edge, broker, worker and PostgreSQL at half of what goes all the way,
//!   with a plot of all figures.

#[expect(dead_code, reason = "here are no rounds, and nothing has a target but to stay as it is")]
#[path = "../common/mod.rs"]
mod common;
#[path = "../setup/database.rs"]
mod database;
mod edge;
mod flat;
#[expect(dead_code, reason = "an hour's requests are not made beforehand")]
#[path = "../setup/ingest_process.rs"]
mod ingest_process;
mod pipeline;
#[path = "../setup/probe.rs"]
mod probe;
#[path = "../setup/processors.rs"]
mod processors;
#[path = "../setup/way.rs"]
mod way;
#[path = "../setup/worker_process.rs"]
mod worker_process;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};

/// Watches whether anything grows
#[derive(Debug, Parser)]
struct Arguments {
    /// What is watched
    #[arg(default_value = "edge")]
    what: What,
    /// How many minutes it takes; of the edge, each of the three phases
    #[arg(long, default_value = "1", value_name = "NUMBER", value_parser = minutes)]
    minutes: Duration,
    /// Where to write the figures and the plot of the pipeline, instead of below target/bench
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// A setting of the pipeline's PostgreSQL, instead of what suits a server with a few gigabytes of memory
    #[arg(long, value_name = "NAME=VALUE", default_values = pipeline::POSTGRES_SETTINGS)]
    postgres: Vec<String>,
    /// Passed by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// `ingest` under full load, with its broker dead, and after that
    Edge,
    /// All of it at half of what it can do
    Pipeline,
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
    let Some(Arguments { what, minutes, folder, postgres, .. }) = common::parse() else {
        return Ok(ExitCode::SUCCESS);
    };
    // Built before anything is watched, not beside it.
    harness::binaries();
    match what {
        What::Edge => edge::soak(minutes),
        What::Pipeline => pipeline::soak(minutes, folder, &postgres),
    }
}
