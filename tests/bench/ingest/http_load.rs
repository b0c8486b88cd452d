//! Sending signed webhooks over HTTP.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::ensure;
use harness::load::{self, Report};

use crate::{
    ingest_process::requests,
    sample::{Latency, Meter, Sample},
    variant::Setting,
};

/// This share of the time goes before the measurement, unmeasured.
pub const WARM_UP: u32 = 5;

/// Measures the server at `address`; also returns how many webhooks it accepted, those of the warm-up included.
pub fn run(
    setting: &Setting<'_>,
    address: SocketAddr,
    connections: usize,
    server: u32,
    broker: Option<u32>,
) -> anyhow::Result<(Sample, u64)> {
    // Signed anew for each measurement: signatures grow old.
    let requests = requests(setting.traffic);
    let warm_up = send(&requests, address, connections, setting.duration / WARM_UP)?;
    let meter = Meter::start(Some(server), broker);
    let report = send(&requests, address, connections, setting.duration)?;
    let latency = Latency {
        p50: milliseconds(report.percentile(50.0)),
        p99: milliseconds(report.percentile(99.0)),
        max: milliseconds(report.percentile(100.0)),
    };
    let accepted = report.answers() as u64;
    Ok((meter.sample(accepted, report.elapsed, latency), accepted + warm_up.answers() as u64))
}

/// Sends for so long, from the first request on; at least that one is answered.
fn send(
    requests: &[Vec<u8>],
    address: SocketAddr,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Report> {
    let mut start = None;
    let in_time =
        requests.iter().cycle().take_while(|_| start.get_or_insert_with(Instant::now).elapsed() < time);
    let report = load::run(address, connections, in_time)?;
    ensure!(report.statuses.keys().all(|status| *status == 200), "answers by status: {:?}", report.statuses);
    Ok(report)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
