//! How the edge is when nobody wants anything of it.

use harness::{ProcStat, proc_stat, wait_until};

use crate::{
    deployment::{Ingest, PATIENCE},
    edge::metric,
};

const GAUGES: [&str; 5] = ["connections", "in_flight", "body_bytes", "unconfirmed_events", "waiting_events"];
/// What the memory of a warm process may still grow by, as a factor and in bytes: fragments, and what was never needed before.
const MOST_GROWTH: f64 = 1.10;
const COMES_AND_GOES: f64 = 6.0 * 1024.0 * 1024.0;

/// What it takes up once every connection is gone.
pub fn at_rest(ingest: &Ingest) -> ProcStat {
    for gauge in GAUGES {
        wait_until(&format!("{gauge} is 0"), PATIENCE, || metric(ingest, gauge) == 0.0);
    }
    proc_stat(ingest.process.pid())
}

/// Waits until it takes up no more threads and files than before.
#[track_caller]
pub fn assert_back(ingest: &Ingest, before: ProcStat) {
    wait_until("no more threads and open files than before", PATIENCE, || {
        let now = proc_stat(ingest.process.pid());
        now.threads <= before.threads && now.open_files <= before.open_files
    });
}

/// Fails if its memory has grown since it was warm.
#[track_caller]
pub fn assert_flat(warm: ProcStat, now: ProcStat) {
    let (warm, now) = (warm.rss_bytes as f64, now.rss_bytes as f64);
    let most = (warm * MOST_GROWTH).max(warm + COMES_AND_GOES);
    assert!(now <= most, "{now} bytes resident after {warm}, more than {most}");
}
