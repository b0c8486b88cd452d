//! What is measured.

use std::{fmt, time::Duration};

use harness::RabbitMq;
use serde::Serialize;

use crate::{backlog, database::Server, drain, events::Events, memory, sample::Sample};

/// One of the ways to PostgreSQL that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// The worker takes a backlog from RabbitMQ.
    Worker,
    /// The worker's batches, decoded beforehand, from memory.
    Batches,
    /// One transaction an event, decoded beforehand, from memory.
    OneByOne,
}

impl Variant {
    /// Every variant.
    pub const ALL: [Self; 3] = [Self::Worker, Self::Batches, Self::OneByOne];
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Worker => "worker on RabbitMQ",
            Self::Batches => "same batches from memory",
            Self::OneByOne => "one transaction an event",
        })
    }
}

/// What the variants are measured with.
pub struct Setting<'a> {
    pub broker: &'a RabbitMq,
    pub postgres: &'a Server,
    pub events: &'a Events,
    pub duration: Duration,
}

impl Setting<'_> {
    /// Measures a variant on a fresh database, in which each event must then have its one row.
    pub fn measure(&self, variant: Variant, lanes: usize) -> anyhow::Result<Sample> {
        match variant {
            Variant::Worker => self.measure_worker(lanes),
            Variant::Batches => self.measure_batches(lanes),
            Variant::OneByOne => self.measure_one_by_one(lanes),
        }
    }

    fn measure_worker(&self, lanes: usize) -> anyhow::Result<Sample> {
        let inbox = backlog::fill(self.broker, self.events)?;
        let database = self.postgres.fresh_database()?;
        let sample = drain::measure(self, &inbox, &database, lanes)?;
        inbox.close(0)?;
        database.close(self.events.len(), Some(self.events.mirror_rows))?;
        Ok(sample)
    }

    fn measure_batches(&self, lanes: usize) -> anyhow::Result<Sample> {
        let database = self.postgres.fresh_database()?;
        let (sample, applied) = memory::batches(self, &database, lanes)?;
        database.close(applied, Some(self.events.mirror_rows))?;
        Ok(sample)
    }

    fn measure_one_by_one(&self, lanes: usize) -> anyhow::Result<Sample> {
        let database = self.postgres.fresh_database()?;
        let (sample, applied) = memory::one_by_one(self, &database, lanes)?;
        database.close(applied, None)?;
        Ok(sample)
    }
}
