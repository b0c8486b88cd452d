//! What was seen, as a table, as JSON and as a plot, and what of it grew.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context;
use serde::Serialize;

use super::{
    plot,
    watch::Watch,
    windows::{Size, Window, window, windows},
};
use crate::{
    common::{Spread, Table, options::results_folder},
    flat::{self, Check},
};

/// The watch is warm after this share of its time; the state then is that of the tenth of the time that follows.
const WARM: f64 = 0.2;
const WINDOW: f64 = 0.1;
/// How long an event takes is compared between two parts of the time that are so long.
const HALF: f64 = 0.4;
/// The end may exceed that by a factor, or by so many milliseconds: others use the machine, too.
const P50: (f64, f64) = (1.25, 2.0);
const P99: (f64, f64) = (1.5, 10.0);
const ROWS: usize = 12;

#[derive(Serialize)]
struct Report<'a> {
    bench: &'static str,
    machine: &'a str,
    minutes: f64,
    capacity: Spread,
    rate: f64,
    events: usize,
    checks: &'a [Check],
    windows: &'a [Window],
}

/// Reads a figure.
type Figure = fn(&Size) -> f64;

const FIGURES: [(&str, Figure); 3] = [
    ("RSS MiB", |size| size.rss_mib),
    ("open files", |size| size.open_files),
    ("threads", |size| size.threads),
];

/// Prints the figures, writes them, and fails if anything grew.
pub fn print(
    watch: &Watch,
    machine: &str,
    capacity: Spread,
    folder: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let windows = windows(watch);
    println!("{}", table(&windows));
    println!("{} events, each applied once\n", watch.events);
    let checks = checks(watch)?;
    let verdict = flat::print(&checks);

    let minutes = watch.time.as_secs_f64() / 60.0;
    let report = Report {
        bench: "soak",
        machine,
        minutes,
        capacity,
        rate: watch.rate,
        events: watch.events,
        checks: &checks,
        windows: &windows,
    };
    let folder = folder.unwrap_or_else(results_folder);
    fs::create_dir_all(&folder)?;
    let title = format!("{minutes:.0} minutes at {:.0} events/s, {} events", watch.rate, watch.events);
    for (name, contents) in [
        ("soak-pipeline.json", serde_json::to_string_pretty(&report)?),
        ("soak-pipeline.svg", plot::plot(&title, &windows, minutes)),
    ] {
        let path = folder.join(name);
        fs::write(&path, contents).with_context(|| path.display().to_string())?;
        println!("written to {}", path.display());
    }
    Ok(verdict)
}

fn checks(watch: &Watch) -> anyhow::Result<Vec<Check>> {
    let part = |from: f64, length: f64| {
        let [from, to] = [from, from + length].map(|share| watch.time.mul_f64(share));
        window(watch, from, to).with_context(|| format!("nothing was seen between {from:?} and {to:?}"))
    };
    let (warm, end) = (part(WARM, WINDOW)?, part(1.0 - WINDOW, WINDOW)?);
    let mut checks = Vec::new();
    for (program, warm, end) in [("ingest", warm.ingest, end.ingest), ("worker", warm.worker, end.worker)] {
        checks
            .extend(FIGURES.map(|(name, figure)| {
                Check::size(format!("{program}: {name}"), figure(&warm), figure(&end))
            }));
    }
    let (first, second) = (part(WARM, HALF)?, part(WARM + HALF, HALF)?);
    let latency = |name: &str, first, second, (factor, more)| {
        Check::within(format!("POST to row: {name} ms"), first, second, factor, more)
    };
    checks.push(latency("p50", first.p50, second.p50, P50));
    checks.push(latency("p99", first.p99, second.p99, P99));
    // What is not applied in time piles up: that grows, too.
    let behind = |window: &Window| watch.rate - window.rate;
    checks.push(Check::within(
        "events/s behind".to_owned(),
        behind(&first).max(0.0),
        behind(&second),
        1.0,
        watch.rate / 50.0,
    ));
    Ok(checks)
}

/// About a dozen of the windows.
fn table(windows: &[Window]) -> Table {
    let mut table = Table::new([
        "minute",
        "ingest: RSS MiB",
        "open files",
        "threads",
        "worker: RSS MiB",
        "open files",
        "threads",
        "p50 ms",
        "p99 ms",
        "events/s",
        "busy %",
    ]);
    for window in windows.iter().step_by(windows.len().div_ceil(ROWS).max(1)) {
        let [ingest, worker] =
            [window.ingest, window.worker].map(|size| FIGURES.map(|(_, figure)| figure(&size)));
        let whole = |value: f64| format!("{value:.0}");
        table.row([
            format!("{:.1}", window.minute),
            format!("{:.1}", ingest[0]),
            whole(ingest[1]),
            whole(ingest[2]),
            format!("{:.1}", worker[0]),
            whole(worker[1]),
            whole(worker[2]),
            format!("{:.1}", window.p50),
            format!("{:.1}", window.p99),
            whole(window.rate),
            whole(window.busy),
        ]);
    }
    table
}
