//! The worker's figures and what they are held to.

use serde::Serialize;

use crate::{
    Samples,
    case::{BATCH, Case},
    common::{
        Machine, Options, Spread, Table,
        report::{Report, Target},
    },
    sample::Sample,
    variant::Variant,
    work::Work,
};

const LEAST_OF_MEMORY: f64 = 0.7;
const LEAST_OF_ONE_BY_ONE: f64 = 8.0;
const MOST_MEMORY_MIB: f64 = 64.0;
/// The targets are for so many lanes of one worker, at its default batch.
const TARGET_LANES: [usize; 2] = [1, 2];

/// What all rounds say of one variant of a case.
#[derive(Debug, Serialize)]
struct Summary {
    #[serde(flatten)]
    case: Case,
    variant: Variant,
    events_per_second: Spread,
    events_per_transaction: Spread,
    program_cpu_us: Spread,
    broker_cpu_us: Spread,
    postgres_cpu_us: Spread,
    processors_busy_percent: Spread,
    rss_mib: Option<Spread>,
}

impl Summary {
    fn new(case: Case, variant: Variant, samples: &[Sample]) -> Self {
        let of = |figure: fn(&Sample) -> f64| Spread::of(samples.iter().map(figure));
        Self {
            case,
            variant,
            events_per_second: of(|sample| sample.rate),
            events_per_transaction: of(|sample| sample.batch),
            program_cpu_us: of(|sample| sample.program_cpu),
            broker_cpu_us: of(|sample| sample.broker_cpu),
            postgres_cpu_us: of(|sample| sample.postgres_cpu),
            processors_busy_percent: of(|sample| sample.busy),
            rss_mib: memory(samples),
        }
    }
}

/// Prints the figures and the targets, and writes them.
pub fn print(samples: &Samples, machine: &Machine, traffic: &str, options: &Options) -> anyhow::Result<()> {
    let results: Vec<Summary> =
        samples.iter().map(|((case, variant), samples)| Summary::new(*case, *variant, samples)).collect();
    println!("{traffic}\n");
    for work in [Work::Mix, Work::New, Work::Hot, Work::Duplicates] {
        print_figures(work, &results);
    }
    let targets = targets(samples);
    let report = Report {
        bench: "worker",
        machine,
        rounds: options.rounds(),
        seconds: options.seconds(),
        traffic: traffic.to_owned(),
        results: &results,
        targets: &targets,
    };
    report.finish(options)
}

fn print_figures(work: Work, results: &[Summary]) {
    let results: Vec<_> = results.iter().filter(|result| result.case.work == work).collect();
    if results.is_empty() {
        return;
    }
    let mut table = Table::new([
        &*work.to_string(),
        "batch",
        "processes",
        "lanes",
        "events/s (min–max)",
        "events/transaction",
        "CPU µs: program",
        "broker",
        "PostgreSQL",
        "busy %",
        "RSS MiB",
    ]);
    for result in results {
        table.row([
            result.variant.to_string(),
            result.case.batch.to_string(),
            result.case.processes.to_string(),
            result.case.lanes.to_string(),
            format!("{:#}", result.events_per_second),
            format!("{:.0}", result.events_per_transaction),
            format!("{:.1}", result.program_cpu_us),
            format!("{:.1}", result.broker_cpu_us),
            format!("{:.1}", result.postgres_cpu_us),
            format!("{:.0}", result.processors_busy_percent),
            result.rss_mib.map_or_else(|| "–".to_owned(), |rss| format!("{rss:.1}")),
        ]);
    }
    println!("{table}");
}

/// Of the cases that were measured.
fn targets(samples: &Samples) -> Vec<Target> {
    let mut targets = Vec::new();
    for lanes in TARGET_LANES {
        let case = Case { work: Work::Mix, batch: BATCH, processes: 1, lanes };
        let limits = [
            (case, "same from memory", LEAST_OF_MEMORY),
            (case.one_by_one(), "one transaction an event from memory", LEAST_OF_ONE_BY_ONE),
        ];
        for (limit, name, least) in limits {
            if let Some(ratio) = ratio(samples, case, limit) {
                targets.push(Target::at_least(
                    format!("events/s, worker / {name}, lanes: {lanes}"),
                    least,
                    ratio,
                ));
            }
        }
        if let Some(memory) = samples.get(&(case, Variant::Worker)).and_then(|samples| memory(samples)) {
            targets.push(Target::at_most(format!("memory in MiB, lanes: {lanes}"), MOST_MEMORY_MIB, memory));
        }
    }
    targets
}

/// The worker's rate by that of `limit` from memory, taken round by round.
fn ratio(samples: &Samples, case: Case, limit: Case) -> Option<Spread> {
    let worker = samples.get(&(case, Variant::Worker))?;
    let limit = samples.get(&(limit, Variant::Memory))?;
    Some(Spread::of(worker.iter().zip(limit).map(|(worker, limit)| worker.rate / limit.rate)))
}

/// The worker's memory; `None` for the variants without one.
fn memory(samples: &[Sample]) -> Option<Spread> {
    samples.iter().map(|sample| sample.rss).collect::<Option<Vec<f64>>>().map(Spread::of)
}
