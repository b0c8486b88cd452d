//! The edge's figures and what they are held to.

use serde::Serialize;

use crate::{
    Samples,
    common::{
        Machine, Options, Spread, Table, Traffic,
        report::{Report, Target},
    },
    sample::Sample,
    variant::Variant,
};

/// The connections with which the rate is held to a limit.
const LOADED: [usize; 2] = [64, MOST_CONNECTIONS];
const MOST_CONNECTIONS: usize = 256;
/// One event a message.
const LEAST_OF_RAW_PUBLISHER: f64 = 0.65;
/// Events share messages.
const LEAST_OF_RAW_PUBLISHER_SHARED: f64 = 1.0;
const MOST_CPU_OF_BARE_HANDLER: f64 = 2.5;
const MOST_MEMORY_MIB: f64 = 64.0;

/// What all rounds say of one variant with so many connections.
#[derive(Debug, Serialize)]
struct Summary {
    connections: usize,
    variant: Variant,
    webhooks_per_second: Spread,
    latency_p50_ms: Spread,
    latency_p99_ms: Spread,
    latency_max_ms: Spread,
    server_cpu_us: Option<Spread>,
    broker_cpu_us: Option<Spread>,
    client_cpu_us: Spread,
    server_rss_mib: Option<Spread>,
}

impl Summary {
    fn new(connections: usize, variant: Variant, samples: &[Sample]) -> Self {
        let of = |figure: fn(&Sample) -> f64| Spread::of(samples.iter().map(figure));
        let of_known = |figure: fn(&Sample) -> Option<f64>| known(samples.iter().map(figure));
        Self {
            connections,
            variant,
            webhooks_per_second: of(|sample| sample.rate),
            latency_p50_ms: of(|sample| sample.latency.p50),
            latency_p99_ms: of(|sample| sample.latency.p99),
            latency_max_ms: of(|sample| sample.latency.max),
            server_cpu_us: of_known(|sample| sample.server_cpu),
            broker_cpu_us: of_known(|sample| sample.broker_cpu),
            client_cpu_us: of(|sample| sample.client_cpu),
            server_rss_mib: of_known(|sample| sample.server_rss),
        }
    }
}

/// Prints the figures and the targets, and writes them.
pub fn print(
    samples: &Samples,
    connections: &[usize],
    machine: &Machine,
    traffic: &Traffic,
    options: &Options,
) -> anyhow::Result<()> {
    let results: Vec<Summary> = samples
        .iter()
        .map(|((connections, variant), samples)| Summary::new(*connections, *variant, samples))
        .collect();
    for &connections in connections {
        print_figures(connections, &results);
    }
    let targets = targets(samples, connections);
    let report = Report {
        bench: "ingest",
        machine,
        rounds: options.rounds(),
        seconds: options.seconds(),
        traffic: traffic.to_string(),
        results: &results,
        targets: &targets,
    };
    report.finish(options)
}

fn print_figures(connections: usize, results: &[Summary]) {
    let mut table = Table::new([
        &*format!("connections: {connections}"),
        "webhooks/s (min–max)",
        "p50 ms",
        "p99 ms",
        "max ms",
        "CPU µs: server",
        "broker",
        "client",
        "RSS MiB",
    ]);
    for result in results.iter().filter(|result| result.connections == connections) {
        let or_dash =
            |spread: Option<Spread>| spread.map_or_else(|| "–".to_owned(), |spread| format!("{spread:.1}"));
        table.row([
            result.variant.to_string(),
            format!("{:#}", result.webhooks_per_second),
            format!("{:.2}", result.latency_p50_ms),
            format!("{:.2}", result.latency_p99_ms),
            format!("{:.1}", result.latency_max_ms),
            or_dash(result.server_cpu_us),
            or_dash(result.broker_cpu_us),
            format!("{:.1}", result.client_cpu_us),
            or_dash(result.server_rss_mib),
        ]);
    }
    println!("{table}");
}

fn targets(samples: &Samples, measured: &[usize]) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut of_raw_publisher = |variant: Variant, connections, least| {
        let variants = [variant, Variant::RawPublisher];
        if let Some(ratio) = ratio(samples, connections, variants, |sample| Some(sample.rate)) {
            let what = format!("webhooks/s, {variant} / raw publisher, connections: {connections}");
            targets.push(Target::at_least(what, least, ratio));
        }
    };
    for connections in LOADED {
        of_raw_publisher(Variant::RabbitMqPlain, connections, LEAST_OF_RAW_PUBLISHER);
    }
    of_raw_publisher(Variant::RabbitMq, MOST_CONNECTIONS, LEAST_OF_RAW_PUBLISHER_SHARED);
    for &connections in measured {
        let variants = [Variant::RabbitMq, Variant::Bare];
        if let Some(ratio) = ratio(samples, connections, variants, |sample| sample.server_cpu) {
            let what = format!("CPU a webhook on RabbitMQ / bare handler, connections: {connections}");
            targets.push(Target::at_most(what, MOST_CPU_OF_BARE_HANDLER, ratio));
        }
    }
    for variant in [Variant::RabbitMq, Variant::Sqlite] {
        let most_loaded = samples.get(&(MOST_CONNECTIONS, variant)).into_iter().flatten();
        if let Some(memory) = known(most_loaded.map(|sample| sample.server_rss)) {
            let what = format!("memory in MiB, {variant}, connections: {MOST_CONNECTIONS}");
            targets.push(Target::at_most(what, MOST_MEMORY_MIB, memory));
        }
    }
    targets
}

/// The quotient of a figure of two variants, taken round by round.
fn ratio(
    samples: &Samples,
    connections: usize,
    [ours, limit]: [Variant; 2],
    figure: fn(&Sample) -> Option<f64>,
) -> Option<Spread> {
    let rounds = samples.get(&(connections, ours))?.iter().zip(samples.get(&(connections, limit))?);
    known(rounds.map(|(ours, limit)| Some(figure(ours)? / figure(limit)?)))
}

/// The spread of a figure that some variants do not have.
fn known(values: impl Iterator<Item = Option<f64>>) -> Option<Spread> {
    values.collect::<Option<Vec<f64>>>().filter(|values| !values.is_empty()).map(Spread::of)
}
