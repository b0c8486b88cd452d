//! What is measured.

use std::{fmt, fs, time::Duration};

use anyhow::bail;
use harness::RabbitMq;
use serde::Serialize;

use crate::{
    common::{Inbox, Traffic},
    http_load,
    ingest_process::IngestProcess,
    queue_file,
    raw_publisher::RawPublisher,
    reference::Reference,
    sample::Sample,
};

/// One of the programs that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// An HTTP server that reads the body and answers.
    Bare,
    /// The same and our check of the signature.
    Verifying,
    /// A publisher that has the events in memory.
    RawPublisher,
    /// The edge, its queue on RabbitMQ, each event in a message of its own.
    RabbitMqPlain,
    /// The edge as it is by default, its queue on RabbitMQ: under load, events share messages.
    RabbitMq,
    /// The edge, its queue a SQLite file.
    Sqlite,
}

impl Variant {
    /// Every variant.
    pub const ALL: [Self; 6] =
        [Self::Bare, Self::Verifying, Self::RawPublisher, Self::RabbitMqPlain, Self::RabbitMq, Self::Sqlite];
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bare => "bare handler",
            Self::Verifying => "bare handler + signature",
            Self::RawPublisher => "raw publisher, no HTTP",
            Self::RabbitMqPlain => "ingest on RabbitMQ, one event a message",
            Self::RabbitMq => "ingest on RabbitMQ, group commit",
            Self::Sqlite => "ingest on SQLite",
        })
    }
}

/// What the variants are measured with.
pub struct Setting<'a> {
    pub broker: &'a RabbitMq,
    pub traffic: &'a Traffic,
    pub duration: Duration,
}

impl Setting<'_> {
    /// Measures a variant: every webhook must have been accepted, and the queue must then hold each of them.
    pub fn measure(&self, variant: Variant, connections: usize) -> anyhow::Result<Sample> {
        match variant {
            Variant::Bare => self.measure_reference(Reference::Bare, connections),
            Variant::Verifying => self.measure_reference(Reference::Verifying, connections),
            Variant::RawPublisher => self.measure_raw_publisher(connections),
            Variant::RabbitMqPlain => self.measure_on_rabbitmq(connections, &[("MESSAGE_EVENTS", "1")]),
            Variant::RabbitMq => self.measure_on_rabbitmq(connections, &[]),
            Variant::Sqlite => self.measure_on_sqlite(connections),
        }
    }

    fn measure_reference(&self, reference: Reference, connections: usize) -> anyhow::Result<Sample> {
        let (process, address) = reference.start()?;
        let (sample, _) = http_load::run(self, address, connections, process.pid(), None)?;
        Ok(sample)
    }

    fn measure_raw_publisher(&self, connections: usize) -> anyhow::Result<Sample> {
        let inbox = Inbox::declare(self.broker)?;
        let publisher = RawPublisher::connect(self.broker.url(), inbox.name(), self.traffic)?;
        let (sample, published) = publisher.run(self, connections, self.broker_pid()?)?;
        publisher.close()?;
        inbox.close(published)?;
        Ok(sample)
    }

    fn measure_on_rabbitmq(&self, connections: usize, settings: &[(&str, &str)]) -> anyhow::Result<Sample> {
        let inbox = Inbox::declare(self.broker)?;
        let edge = IngestProcess::start(self.broker.url(), &inbox.namespace, settings);
        let broker = Some(self.broker_pid()?);
        let (sample, accepted) = http_load::run(self, edge.address, connections, edge.pid(), broker)?;
        edge.stop()?;
        inbox.close(accepted)?;
        Ok(sample)
    }

    fn measure_on_sqlite(&self, connections: usize) -> anyhow::Result<Sample> {
        let folder = harness::scratch("queue");
        let file = folder.join("queue.db").display().to_string();
        let edge = IngestProcess::start(&format!("sqlite:{file}"), "clerk", &[]);
        let (sample, accepted) = http_load::run(self, edge.address, connections, edge.pid(), None)?;
        edge.stop()?;
        let held = queue_file::deliveries(&file)?;
        if held != accepted {
            bail!("events were lost or doubled: the file holds {held} deliveries instead of {accepted}");
        }
        fs::remove_dir_all(folder)?;
        Ok(sample)
    }

    fn broker_pid(&self) -> anyhow::Result<u32> {
        match self.broker.pids().first() {
            Some(pid) => Ok(*pid),
            None => bail!("the broker is not a process of ours"),
        }
    }
}
