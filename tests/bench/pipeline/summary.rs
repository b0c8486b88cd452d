//! The figures of the whole way and what they are held to.

use serde::Serialize;

use crate::{
    common::{
        Machine, Options, Spread, Table, Traffic,
        report::{Report, Target},
    },
    flow::{Load, Sample},
};

const LEAST_OF_SLOWER_HALF: f64 = 0.5;
const MOST_P50_MS: f64 = 10.0;
const MOST_P99_MS: f64 = 50.0;
const MOST_MEMORY_MIB: f64 = 64.0;

/// What all rounds say of one figure.
#[derive(Debug, Serialize)]
struct Summary {
    what: String,
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
    let mut figures = vec![
        ("ingest alone, events/s".to_owned(), of(|sample| sample.ingest_rate)),
        ("worker alone, events/s".to_owned(), of(|sample| sample.worker_rate)),
        ("whole way, events/s".to_owned(), of(|sample| sample.whole_rate)),
        ("memory of ingest, MiB".to_owned(), of(|sample| sample.ingest_rss)),
        ("memory of worker, MiB".to_owned(), of(|sample| sample.worker_rss)),
    ];
    for (index, load) in samples[0].loads.iter().enumerate() {
        let of =
            |figure: fn(&Load) -> f64| Spread::of(samples.iter().map(|sample| figure(&sample.loads[index])));
        let at = |what: &str| format!("at {:.0} % of the whole way: {what}", load.share * 100.0);
        figures.extend([
            (at("POST to row, p50 ms"), of(|load| load.latencies.p50)),
            (at("POST to row, p99 ms"), of(|load| load.latencies.p99)),
            (at("events timed"), of(|load| load.latencies.count as f64)),
            (at("processors busy, %"), of(|load| load.busy)),
        ]);
    }
    let results: Vec<_> = figures.into_iter().map(|(what, measured)| Summary { what, measured }).collect();
    let mut table = Table::new(["", "median (min–max)"]);
    for Summary { what, measured } in &results {
        table.row([what.clone(), format!("{measured:#.1}")]);
    }
    println!("{table}");

    let slower_half = |sample: &Sample| sample.ingest_rate.min(sample.worker_rate);
    let share = Spread::of(samples.iter().map(|sample| sample.whole_rate / slower_half(sample)));
    let half = |figure: fn(&Load) -> f64| {
        let at_half = samples.iter().flat_map(|sample| &sample.loads).filter(|load| load.share == 0.5);
        Spread::of(at_half.map(figure))
    };
    let targets = [
        Target::at_least("events/s, whole way / slower half alone".into(), LEAST_OF_SLOWER_HALF, share),
        Target::at_most(
            "at half of it: POST to row, p50 ms".into(),
            MOST_P50_MS,
            half(|load| load.latencies.p50),
        ),
        Target::at_most(
            "at half of it: POST to row, p99 ms".into(),
            MOST_P99_MS,
            half(|load| load.latencies.p99),
        ),
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
