//! The figures and what they are held to.

use serde::Serialize;

use crate::{
    common::{
        Machine, Options, Spread, Table,
        report::{Report, Target},
    },
    drain::Drain,
    load::Load,
};

const MOST_MEMORY_MIB: f64 = 64.0;
/// The end of a long backlog may exceed its state after warm-up by this factor.
const MOST_GROWTH: f64 = 1.10;
/// Fewer events are over before a worker is warm.
const LONG: usize = 100_000;
const WARM: f64 = 0.2;
const END: f64 = 0.9;

/// What all rounds say of one load.
#[derive(Debug, Serialize)]
struct Summary {
    #[serde(flatten)]
    load: Load,
    events_per_second: Spread,
    rss_warm_mib: Spread,
    rss_end_mib: Spread,
    rss_most_mib: Spread,
    growth: Spread,
}

/// Prints the figures and the targets, and writes them.
pub fn print(drains: &[Drain], machine: &Machine, options: &Options) -> anyhow::Result<()> {
    let mut loads: Vec<Load> = Vec::new();
    for drain in drains {
        if !loads.contains(&drain.load) {
            loads.push(drain.load);
        }
    }
    let results: Vec<Summary> = loads.iter().map(|load| summary(*load, drains)).collect();
    let mut table = Table::new(["RSS MiB", "events/s", "after a fifth", "at the end", "at most"]);
    let mut targets = Vec::new();
    for result in results.iter() {
        table.row([
            result.load.to_string(),
            format!("{:.0}", result.events_per_second),
            format!("{:.1}", result.rss_warm_mib),
            format!("{:.1}", result.rss_end_mib),
            format!("{:#.1}", result.rss_most_mib),
        ]);
        let what = format!("{}: RSS MiB at most", result.load);
        targets.push(Target::at_most(what, MOST_MEMORY_MIB, result.rss_most_mib));
        if result.load.events >= LONG {
            let what = format!("{}: RSS at the end / after a fifth", result.load);
            targets.push(Target::at_most(what, MOST_GROWTH, result.growth));
        }
    }
    println!("\n{table}");
    let traffic: Vec<String> = loads.iter().map(Load::to_string).collect();
    let report = Report {
        bench: "memory",
        machine,
        rounds: options.rounds(),
        seconds: options.seconds(),
        traffic: traffic.join(", "),
        results: &results,
        targets: &targets,
    };
    report.finish(options)
}

fn summary(load: Load, drains: &[Drain]) -> Summary {
    let of =
        |figure: fn(&Drain) -> f64| Spread::of(drains.iter().filter(|drain| drain.load == load).map(figure));
    Summary {
        load,
        events_per_second: of(|drain| drain.rate),
        rss_warm_mib: of(|drain| drain.around(WARM)),
        rss_end_mib: of(|drain| drain.around(END)),
        rss_most_mib: of(Drain::most),
        growth: of(|drain| drain.around(END) / drain.around(WARM)),
    }
}
