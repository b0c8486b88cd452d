//! How busy the machine is.

use std::fs;

use anyhow::Context;

/// Time of all processors since the machine started, in clock ticks.
#[derive(Debug, Clone, Copy)]
pub struct Processors {
    total: u64,
    idle: u64,
}

impl Processors {
    /// From `/proc/stat`.
    pub fn read() -> anyhow::Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let first = stat.lines().next().and_then(|line| line.strip_prefix("cpu "));
        let fields = first.context("/proc/stat is not in the form of Linux")?.split_whitespace();
        // user, nice, system, idle, iowait, irq, softirq, steal; what follows is in those already.
        let ticks: Vec<u64> = fields.take(8).map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { total: ticks.iter().sum(), idle: ticks.iter().skip(3).take(2).sum() })
    }

    /// The percentage of the time since `before` that they worked, for whomever.
    pub fn busy_since(self, before: Self) -> f64 {
        100.0 * (1.0 - (self.idle - before.idle) as f64 / (self.total - before.total) as f64)
    }
}
