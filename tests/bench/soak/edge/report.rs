//! What the samples say.

use std::{process::ExitCode, time::Duration};

use super::phase::{Phase, Sample};
use crate::{
    common::Table,
    flat::{self, Check},
};

/// A phase is warm after this share of its time; the state then is that of the tenth of the time that follows.
const WARM: f64 = 0.2;
const WINDOW: f64 = 0.1;
const MINUTE: Duration = Duration::from_secs(60);

/// Reads a figure.
type Figure = fn(&Sample) -> f64;

/// What must not grow.
const FIGURES: [(&str, Figure); 3] = [
    ("RSS MiB", rss),
    ("open files", |sample| sample.stat.open_files as f64),
    ("threads", |sample| sample.stat.threads as f64),
];

fn rss(sample: &Sample) -> f64 {
    sample.stat.rss_bytes as f64 / f64::from(1 << 20)
}

/// Prints what was seen and what grew; fails if anything did.
pub fn print(phases: &[Phase]) -> ExitCode {
    for phase in phases {
        println!("{}", figures(phase));
    }
    let check = |phase: &Phase, (name, figure): (&str, Figure)| {
        let (warm, end) = (median(phase, WARM, figure), median(phase, 1.0 - WINDOW, figure));
        Check::size(format!("{}: {name}", phase.name), warm, end)
    };
    let checks: Vec<_> = phases.iter().flat_map(|phase| FIGURES.map(|figure| check(phase, figure))).collect();
    flat::print(&checks)
}

/// The phase at its start, after its warm-up, at each minute, at its end, and the most of each figure.
fn figures(phase: &Phase) -> Table {
    let minutes = (1..).map(|minute| minute * MINUTE).take_while(|at| *at < phase.time);
    let mut moments =
        vec![("start".to_owned(), Duration::ZERO), ("after warm-up".to_owned(), phase.time.mul_f64(WARM))];
    moments.extend(minutes.map(|at| (format!("minute {}", at.as_secs() / 60), at)));
    moments.push(("end".to_owned(), phase.time));
    moments.sort_by_key(|(_, at)| *at);

    let mut table = Table::new([phase.name, "RSS MiB", "open files", "threads", "requests/s"]);
    let mut before: Option<&Sample> = None;
    for (name, at) in moments {
        let Some(sample) = phase.samples.iter().find(|sample| sample.at >= at).or(phase.samples.last())
        else {
            continue;
        };
        if before.is_some_and(|before| before.at == sample.at) {
            continue;
        }
        let rate = before
            .map(|before| (sample.requests - before.requests) as f64 / (sample.at - before.at).as_secs_f64());
        let [rss, files, threads] = FIGURES.map(|(_, figure)| figure(sample));
        let rate = rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.0}"));
        table.row([name, format!("{rss:.1}"), format!("{files:.0}"), format!("{threads:.0}"), rate]);
        before = Some(sample);
    }
    let most = FIGURES.map(|(_, figure)| phase.samples.iter().map(figure).fold(0.0, f64::max));
    table.row([
        "most".to_owned(),
        format!("{:.1}", most[0]),
        format!("{:.0}", most[1]),
        format!("{:.0}", most[2]),
        "–".to_owned(),
    ]);
    table
}

/// The median of a figure over a tenth of the phase, from this share of its time on.
fn median(phase: &Phase, from: f64, figure: Figure) -> f64 {
    let window = phase.time.mul_f64(from)..phase.time.mul_f64(from + WINDOW);
    let mut values: Vec<f64> =
        phase.samples.iter().filter(|sample| window.contains(&sample.at)).map(figure).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
