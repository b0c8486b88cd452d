//! The figures of the whole way and what they are held to.

use serde::Serialize;

use crate::{
    common::{Machine, Options, Report, Spread, Table, Target, Traffic},
    flow::Sample,
};

const LEAST_OF_SLOWER_HALF: f64 = 0.5;
const MOST_P50_MS: f64 = 10.0;
const MOST_P99_MS: f64 = 50.0;
const MOST_MEMORY_MIB: f64 = 64.0;

/// What all rounds say of one figure.
#[derive(Debug, Serialize)]
struct Summary {
    what: &'static str,
    measured: Spread,
}

/// Prints the figures and the targets, and writes them.
pub fn print(
    samples: &[Sample],
    machine: &Machine,
    traffic: &Traffic,
    options: &Options,
) -> anyhow::Result<()> {
    let of = |figure: fn(&Sample) -> f64| Spread::of(samples.iter().map(figure));
    let results = [
        ("ingest alone, events/s", of(|sample| sample.ingest_rate)),
        ("worker alone, events/s", of(|sample| sample.worker_rate)),
        ("whole way, events/s", of(|sample| sample.whole_rate)),
        ("events timed at half of that", of(|sample| sample.latencies.count as f64)),
        ("processors busy with that, %", of(|sample| sample.busy)),
        ("POST to row, p50 ms", of(|sample| sample.latencies.p50)),
        ("POST to row, p99 ms", of(|sample| sample.latencies.p99)),
        ("memory of ingest, MiB", of(|sample| sample.ingest_rss)),
        ("memory of worker, MiB", of(|sample| sample.worker_rss)),
    ]
    .map(|(what, measured)| Summary { what, measured });
    let mut table = Table::new(["", "median (min–max)"]);
    for Summary { what, measured } in &results {
        table.row([(*what).to_owned(), format!("{measured:#.1}")]);
    }
    println!("{table}");

    let slower_half = |sample: &Sample| sample.ingest_rate.min(sample.worker_rate);
    let share = Spread::of(samples.iter().map(|sample| sample.whole_rate / slower_half(sample)));
    let targets = [
        Target::at_least("events/s, whole way / slower half alone".into(), LEAST_OF_SLOWER_HALF, share),
        Target::at_most("POST to row, p50 ms".into(), MOST_P50_MS, of(|sample| sample.latencies.p50)),
        Target::at_most("POST to row, p99 ms".into(), MOST_P99_MS, of(|sample| sample.latencies.p99)),
        Target::at_most("memory of ingest, MiB".into(), MOST_MEMORY_MIB, of(|sample| sample.ingest_rss)),
        Target::at_most("memory of worker, MiB".into(), MOST_MEMORY_MIB, of(|sample| sample.worker_rss)),
    ];
    let report = Report {
        bench: "pipeline",
        machine,
        rounds: options.rounds(),
        seconds: options.seconds(),
        traffic: traffic.to_string(),
        results: &results,
        targets: &targets,
    };
    report.finish(options)
}
