//! The watch in equal parts: few enough to be drawn, and long enough for a percentile.

use std::time::Duration;

use harness::ProcStat;
use serde::Serialize;

use super::watch::{Sample, Watch};
use crate::probe::percentile;

const SHORTEST: Duration = Duration::from_secs(5);
const MOST: u32 = 120;

/// What was seen in one part.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Window {
    /// Its middle, in minutes since the watch began.
    pub minute: f64,
    pub ingest: Size,
    pub worker: Size,
    /// Milliseconds from the POST to the row.
    pub p50: f64,
    pub p99: f64,
    /// Events applied a second.
    pub rate: f64,
    /// How busy the processors were, in percent.
    pub busy: f64,
}

/// What a process takes up.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Size {
    pub rss_mib: f64,
    pub open_files: f64,
    pub threads: f64,
}

/// The parts of a watch in which something was seen.
pub fn windows(watch: &Watch) -> Vec<Window> {
    let count = (watch.time.as_secs() / SHORTEST.as_secs()).clamp(4, MOST.into()) as u32;
    let length = watch.time / count;
    (0..count).filter_map(|number| window(watch, length * number, length * (number + 1))).collect()
}

/// What was seen in this part of the time.
pub fn window(watch: &Watch, from: Duration, to: Duration) -> Option<Window> {
    let samples: Vec<&Sample> =
        watch.samples.iter().filter(|sample| (from..to).contains(&sample.at)).collect();
    let [first, .., last] = samples[..] else { return None };
    let mut latencies: Vec<Duration> =
        watch.latencies.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, took)| *took).collect();
    if latencies.is_empty() {
        return None;
    }
    latencies.sort_unstable();
    Some(Window {
        minute: (from + to).as_secs_f64() / 120.0,
        ingest: size(samples.iter().map(|sample| sample.ingest)),
        worker: size(samples.iter().map(|sample| sample.worker)),
        p50: percentile(&latencies, 50),
        p99: percentile(&latencies, 99),
        rate: (last.applied - first.applied) as f64 / (last.at - first.at).as_secs_f64(),
        busy: last.processors.busy_since(first.processors),
    })
}

fn size(stats: impl Iterator<Item = ProcStat>) -> Size {
    let stats: Vec<ProcStat> = stats.collect();
    let median = |figure: fn(&ProcStat) -> u64| {
        let mut values: Vec<u64> = stats.iter().map(figure).collect();
        values.sort_unstable();
        values[values.len() / 2] as f64
    };
    Size {
        rss_mib: median(|stat| stat.rss_bytes) / f64::from(1 << 20),
        open_files: median(|stat| stat.open_files),
        threads: median(|stat| stat.threads),
    }
}
