//! The worker's figures and what they are held to.

use serde::Serialize;

use crate::{
    LANES, Samples,
    common::{Machine, Options, Report, Spread, Table, Target, Traffic},
    sample::Sample,
    variant::Variant,
};

const LEAST_OF_MEMORY: f64 = 0.7;
const LEAST_OF_ONE_BY_ONE: f64 = 8.0;
const MOST_MEMORY_MIB: f64 = 64.0;

/// What all rounds say of one variant with so many lanes.
#[derive(Debug, Serialize)]
struct Summary {
    lanes: usize,
    variant: Variant,
    events_per_second: Spread,
    events_per_transaction: Spread,
    program_cpu_us: Spread,
    broker_cpu_us: Spread,
    postgres_cpu_us: Spread,
    rss_mib: Option<Spread>,
}

impl Summary {
    fn new(lanes: usize, variant: Variant, samples: &[Sample]) -> Self {
        let of = |figure: fn(&Sample) -> f64| Spread::of(samples.iter().map(figure));
        Self {
            lanes,
            variant,
            events_per_second: of(|sample| sample.rate),
            events_per_transaction: of(|sample| sample.batch),
            program_cpu_us: of(|sample| sample.program_cpu),
            broker_cpu_us: of(|sample| sample.broker_cpu),
            postgres_cpu_us: of(|sample| sample.postgres_cpu),
            rss_mib: memory(samples),
        }
    }
}

/// Prints the figures and the targets, and writes them.
pub fn print(
    samples: &Samples,
    machine: &Machine,
    traffic: &Traffic,
    options: &Options,
) -> anyhow::Result<()> {
    let results: Vec<Summary> =
        samples.iter().map(|((lanes, variant), samples)| Summary::new(*lanes, *variant, samples)).collect();
    for lanes in LANES {
        print_figures(lanes, &results);
    }
    let targets = targets(samples);
    let report = Report {
        bench: "worker",
        machine,
        rounds: options.rounds(),
        seconds: options.seconds(),
        traffic: traffic.to_string(),
        results: &results,
        targets: &targets,
    };
    report.finish(options)
}

fn print_figures(lanes: usize, results: &[Summary]) {
    let mut table = Table::new([
        &*format!("lanes: {lanes}"),
        "events/s (min–max)",
        "events/transaction",
        "CPU µs: program",
        "broker",
        "PostgreSQL",
        "RSS MiB",
    ]);
    for result in results.iter().filter(|result| result.lanes == lanes) {
        table.row([
            result.variant.to_string(),
            format!("{:#}", result.events_per_second),
            format!("{:.0}", result.events_per_transaction),
            format!("{:.1}", result.program_cpu_us),
            format!("{:.1}", result.broker_cpu_us),
            format!("{:.1}", result.postgres_cpu_us),
            result.rss_mib.map_or_else(|| "–".to_owned(), |rss| format!("{rss:.1}")),
        ]);
    }
    println!("{table}");
}

fn targets(samples: &Samples) -> Vec<Target> {
    let limits = [(Variant::Batches, LEAST_OF_MEMORY), (Variant::OneByOne, LEAST_OF_ONE_BY_ONE)];
    let mut targets = Vec::new();
    for (limit, least) in limits {
        for lanes in LANES {
            let what = format!("events/s, {} / {limit}, lanes: {lanes}", Variant::Worker);
            targets.push(Target::at_least(what, least, ratio(samples, lanes, limit)));
        }
    }
    for lanes in LANES {
        if let Some(memory) = memory(&samples[&(lanes, Variant::Worker)]) {
            let what = format!("memory in MiB, {}, lanes: {lanes}", Variant::Worker);
            targets.push(Target::at_most(what, MOST_MEMORY_MIB, memory));
        }
    }
    targets
}

/// The worker's rate by that of `limit`, taken round by round.
fn ratio(samples: &Samples, lanes: usize, limit: Variant) -> Spread {
    let rounds = samples[&(lanes, Variant::Worker)].iter().zip(&samples[&(lanes, limit)]);
    Spread::of(rounds.map(|(worker, limit)| worker.rate / limit.rate))
}

/// The worker's memory; `None` for the variants without one.
fn memory(samples: &[Sample]) -> Option<Spread> {
    samples.iter().map(|sample| sample.rss).collect::<Option<Vec<f64>>>().map(Spread::of)
}
