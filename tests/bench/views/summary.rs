//! The figures of the views and what they are held to.

use std::time::Duration;

use serde::Serialize;

use crate::{Machine, Options, Report, Spread, Table, Target, World};

/// Of anything smaller, reading all of it is the quickest way.
const SMALL_TABLES: [&str; 2] = ["roles", "permissions"];
const MOST_P50_MS: f64 = 5.0;

/// How one question was answered.
#[derive(Debug, Serialize)]
pub struct Answer {
    database: &'static str,
    question: &'static str,
    /// How many rows an answer has on average.
    rows: f64,
    /// Large tables the plan reads from end to end, where that is known.
    scanned: Option<Vec<String>>,
    p50_ms: Vec<f64>,
    p99_ms: Vec<f64>,
}

impl Answer {
    pub fn new(
        database: &'static str,
        question: &'static str,
        scanned: Option<Vec<String>>,
        rows: f64,
    ) -> Self {
        let large = |table: &String| !SMALL_TABLES.contains(&table.as_str());
        let scanned = scanned.map(|tables| tables.into_iter().filter(large).collect());
        Self { database, question, rows, scanned, p50_ms: Vec::new(), p99_ms: Vec::new() }
    }

    /// Adds what a round measured.
    pub fn round(&mut self, mut times: Vec<Duration>) {
        times.sort();
        let quantile = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        self.p50_ms.push(quantile(0.5));
        self.p99_ms.push(quantile(0.99));
    }
}

/// Prints the figures and the targets, and writes them.
pub fn print(answers: &[Answer], machine: &Machine, world: &World, options: &Options) -> anyhow::Result<()> {
    let of = |values: &[f64]| Spread::of(values.iter().copied());
    let mut table = Table::new(["", "rows", "p50 ms (min–max)", "p99 ms", "reads whole"]);
    for answer in answers {
        let scanned = match &answer.scanned {
            Some(tables) if tables.is_empty() => "nothing".to_owned(),
            Some(tables) => tables.join(", "),
            None => "–".to_owned(),
        };
        table.row([
            format!("{}: {}", answer.database, answer.question),
            format!("{:.1}", answer.rows),
            format!("{:#.2}", of(&answer.p50_ms)),
            format!("{:.2}", of(&answer.p99_ms)),
            scanned,
        ]);
    }
    println!("{table}");

    let explained: Vec<_> = answers.iter().filter_map(|answer| answer.scanned.as_ref()).collect();
    let indexed = explained.iter().filter(|scanned| scanned.is_empty()).count();
    let mut targets = Vec::new();
    if !explained.is_empty() {
        targets.push(Target::at_least(
            "questions answered without reading a large table whole".into(),
            explained.len() as f64,
            Spread::of([indexed as f64]),
        ));
    }
    let slowest =
        answers.iter().map(|answer| of(&answer.p50_ms)).max_by(|a, b| a.median.total_cmp(&b.median));
    if let Some(slowest) = slowest {
        targets.push(Target::at_most("slowest question, p50 ms".into(), MOST_P50_MS, slowest));
    }
    let report = Report {
        bench: "views",
        machine,
        rounds: options.rounds(),
        seconds: options.seconds(),
        traffic: world.to_string(),
        results: answers,
        targets: &targets,
    };
    report.finish(options)
}
