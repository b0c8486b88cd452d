//! What is measured of each case.

use std::fmt;

use harness::RabbitMq;
use serde::Serialize;

use crate::{
    backlog, case::Case, database::Server, drain, events::Events, memory, sample::Sample, work::Work,
};

/// One of the ways to PostgreSQL that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// The worker takes a backlog from RabbitMQ.
    Worker,
    /// The worker's transactions, decoded beforehand, from memory.
    Memory,
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Worker => "worker on RabbitMQ",
            Self::Memory => "same from memory",
        })
    }
}

/// What the variants are measured with.
pub struct Setting<'a> {
    pub broker: &'a RabbitMq,
    pub postgres: &'a Server,
    pub events: &'a Events,
}

impl Setting<'_> {
    /// Measures a variant on a fresh database, in which each event must then have its one row.
    pub fn measure(&self, variant: Variant, case: Case) -> anyhow::Result<Sample> {
        let database = self.postgres.fresh_database()?;
        if case.work == Work::Duplicates {
            memory::apply_all(self.events, &database.url)?;
        }
        let sample = match variant {
            Variant::Worker => {
                let inbox = backlog::fill(self.broker, self.events.verified())?;
                let sample = drain::measure(self, &inbox, &database, case)?;
                inbox.close(0)?;
                sample
            }
            Variant::Memory => memory::measure(self, &database, case)?,
        };
        database.close(self.events.len(), Some(self.events.mirror_rows))?;
        Ok(sample)
    }
}
