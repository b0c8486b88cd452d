//! What the figures were measured on.

use std::{fmt, fs, thread};

use harness::RabbitMq;
use serde::Serialize;

/// The machine, and the broker if there is one.
#[derive(Debug, Serialize)]
pub struct Machine {
    processors: usize,
    processor: String,
    kernel: String,
    rabbitmq: Option<String>,
}

impl Machine {
    /// This machine.
    pub fn here(broker: Option<&RabbitMq>) -> anyhow::Result<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Ok(Self {
            processors: thread::available_parallelism()?.get(),
            processor: model.map_or("unknown", |(_, model)| model).to_owned(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            rabbitmq: match broker {
                Some(broker) => Some(String::from_utf8(broker.ctl(&["version"]).stdout)?.trim().to_owned()),
                None => None,
            },
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processors, processor, kernel, rabbitmq } = self;
        write!(f, "{processors} × {processor}, Linux {kernel}")?;
        match rabbitmq {
            Some(version) => write!(f, ", RabbitMQ {version} (one node, quorum queue)"),
            None => Ok(()),
        }
    }
}
