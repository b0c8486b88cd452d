//! One measurement.

use std::{process, time::Duration};

use harness::proc_stat;

/// How fast it was and what it cost.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Webhooks confirmed a second.
    pub rate: f64,
    /// Milliseconds from the first byte sent to the answer.
    pub latency: Latency,
    /// CPU time of the server, in microseconds a webhook.
    pub server_cpu: Option<f64>,
    /// CPU time of the broker, in microseconds a webhook.
    pub broker_cpu: Option<f64>,
    /// CPU time of whoever sends, in microseconds a webhook.
    pub client_cpu: f64,
    /// The most memory the server ever had, in MiB.
    pub server_rss: Option<f64>,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// Reads what the processes cost, from its making on.
pub struct Meter {
    server: Option<u32>,
    broker: Option<u32>,
    before: Cpu,
}

/// CPU time so far.
struct Cpu {
    server: Option<Duration>,
    broker: Option<Duration>,
    client: Duration,
}

impl Meter {
    /// For these processes and this one.
    pub fn start(server: Option<u32>, broker: Option<u32>) -> Self {
        Self { server, broker, before: Cpu::read(server, broker) }
    }

    /// The sample of `count` webhooks in `elapsed`.
    pub fn sample(&self, count: u64, elapsed: Duration, latency: Latency) -> Sample {
        let Cpu { server, broker, client } = Cpu::read(self.server, self.broker);
        let cost = |before: Duration, after: Duration| (after - before).as_secs_f64() * 1e6 / count as f64;
        Sample {
            rate: count as f64 / elapsed.as_secs_f64(),
            latency,
            server_cpu: self.before.server.zip(server).map(|(before, after)| cost(before, after)),
            broker_cpu: self.before.broker.zip(broker).map(|(before, after)| cost(before, after)),
            client_cpu: cost(self.before.client, client),
            server_rss: self.server.map(|pid| proc_stat(pid).peak_rss_bytes as f64 / f64::from(1 << 20)),
        }
    }
}

impl Cpu {
    fn read(server: Option<u32>, broker: Option<u32>) -> Self {
        let of = |pid: u32| proc_stat(pid).cpu;
        Self { server: server.map(of), broker: broker.map(of), client: of(process::id()) }
    }
}
