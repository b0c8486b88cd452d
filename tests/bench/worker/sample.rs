//! One measurement.

use std::time::Duration;

use harness::proc_stat;

use crate::{cost::family_cpu, processors::Processors, variant::Setting};

/// How fast it was and what it cost.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Events applied a second.
    pub rate: f64,
    /// Events in one transaction, on average.
    pub batch: f64,
    /// CPU time of the programs, in microseconds an event.
    pub program_cpu: f64,
    /// CPU time of the broker, in microseconds an event.
    pub broker_cpu: f64,
    /// CPU time of PostgreSQL, in microseconds an event.
    pub postgres_cpu: f64,
    /// How busy the processors were, in percent.
    pub busy: f64,
    /// The most memory a worker ever had, in MiB.
    pub rss: Option<f64>,
}

/// CPU time so far.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    program: Duration,
    broker: Duration,
    postgres: Duration,
    processors: Processors,
}

impl Cost {
    /// Of these processes and the servers.
    pub fn read(setting: &Setting<'_>, programs: &[u32]) -> anyhow::Result<Self> {
        Ok(Self {
            program: programs.iter().map(|pid| proc_stat(*pid).cpu).sum(),
            broker: setting.broker.pids().first().map(|pid| proc_stat(*pid).cpu).unwrap_or_default(),
            postgres: family_cpu(setting.postgres.server.pid())?,
            processors: Processors::read()?,
        })
    }

    /// The sample of `count` events in `elapsed`, since this was read.
    pub fn sample_until(self, after: Self, count: usize, elapsed: Duration, batch: f64) -> Sample {
        let cost = |before: Duration, after: Duration| (after - before).as_secs_f64() * 1e6 / count as f64;
        Sample {
            rate: count as f64 / elapsed.as_secs_f64(),
            batch,
            program_cpu: cost(self.program, after.program),
            broker_cpu: cost(self.broker, after.broker),
            postgres_cpu: cost(self.postgres, after.postgres),
            busy: after.processors.busy_since(self.processors),
            rss: None,
        }
    }
}
