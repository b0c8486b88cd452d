//! How quickly the views answer in a large mirror, and whether an index carries every answer.
//!
//! `cargo bench --bench views`; `-- --help` says what can be set.

mod engine;
#[path = "../common/machine.rs"]
mod machine;
#[path = "../common/options.rs"]
mod options;
mod questions;
#[path = "../common/report.rs"]
mod report;
#[path = "../common/spread.rs"]
mod spread;
mod summary;
#[path = "../common/table.rs"]
mod table;
mod world;

use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use harness::{Durability, Postgres};

use engine::Engine;
use machine::Machine;
use options::{Options, parse};
use questions::Question;
use report::{Report, Target};
use spread::Spread;
use summary::Answer;
use table::Table;
use world::World;

/// Of so many answers the rows are counted.
const COUNTED: usize = 100;

/// Measures the views in a large mirror
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// How many users there are
    #[arg(long, default_value = "1000000", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1000..))]
    users: u32,
    /// How many organizations there are
    #[arg(long, default_value = "100000", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(100..))]
    organizations: u32,
    /// Which database to ask
    #[arg(long, value_enum, default_values_t = [Which::Postgres, Which::Sqlite], value_name = "DATABASE")]
    database: Vec<Which>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Postgres,
    Sqlite,
}

fn main() -> anyhow::Result<()> {
    let Some(arguments) = parse::<Arguments>() else { return Ok(()) };
    let world = World { users: arguments.users as usize, organizations: arguments.organizations as usize };
    let machine = Machine::here(None)?;
    println!("{machine}\n{world}\n");

    let mut answers = Vec::new();
    for which in &arguments.database {
        let folder = tempfile::tempdir()?;
        let server = match which {
            Which::Postgres => Some(Postgres::start(Durability::Relaxed)?),
            Which::Sqlite => None,
        };
        let url = match &server {
            Some(server) => server.fresh_database("views"),
            None => format!("sqlite:{}", folder.path().join("mirror.db").display()),
        };
        let mut engine = Engine::open(&url)?;
        let start = Instant::now();
        for (what, sql) in world.statements(engine.dialect()) {
            engine.execute(&sql)?;
            eprintln!("{}: {what}, {:.0?}", engine.name(), start.elapsed());
        }
        println!("{}: {} MiB", engine.name(), engine.size(folder.path())?);
        answers.extend(ask(&mut engine, &world, &arguments.options)?);
    }
    summary::print(&answers, &machine, &world, &arguments.options)
}

/// Asks everything in turn, round after round.
fn ask(engine: &mut Engine, world: &World, options: &Options) -> anyhow::Result<Vec<Answer>> {
    let share = options.duration() / Question::ALL.len() as u32;
    let mut answers = Vec::new();
    for question in &Question::ALL {
        let dialect = engine.dialect();
        let sql = |n| question.sql(dialect, world, n);
        let scanned = engine.scanned(&sql(0))?;
        let mut rows = 0;
        for n in 0..COUNTED {
            rows += engine.count(&sql(n)).with_context(|| question.what)?;
        }
        let rows = rows as f64 / COUNTED as f64;
        answers.push(Answer::new(engine.name(), question.what, scanned, rows));
    }
    let mut n = 0;
    for _ in 0..options.rounds() {
        for (question, answer) in Question::ALL.iter().zip(&mut answers) {
            let start = Instant::now();
            let mut times: Vec<Duration> = Vec::new();
            while times.is_empty() || start.elapsed() < share {
                n += 1;
                let sql = question.sql(engine.dialect(), world, n);
                let start = Instant::now();
                engine.execute(&sql)?;
                times.push(start.elapsed());
            }
            answer.round(times);
        }
    }
    Ok(answers)
}
