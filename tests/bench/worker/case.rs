//! What is compared.

use std::{fmt, time::Duration};

use clap::Args;
use serde::Serialize;

use crate::{variant::Variant, work::Work};

/// Lanes of each process where processes are compared.
const LANES_OF_MANY: usize = 2;
/// The worker's default, at which processes are compared.
pub const BATCH: usize = 500;

/// Which cases are measured
#[derive(Debug, Args)]
pub struct Selection {
    /// What the events are about
    #[arg(long, value_enum, value_delimiter = ',', default_value = "mix,new,hot,duplicates")]
    work: Vec<Work>,
    /// How many lanes a worker has
    #[arg(long, value_delimiter = ',', default_value = "1,2,4", value_name = "NUMBER")]
    lanes: Vec<usize>,
    /// How many events go into one transaction at most; with 1 and no queue it is one transaction an event, the peer
    #[arg(long, value_delimiter = ',', default_value = "1,50,500", value_name = "NUMBER")]
    batches: Vec<usize>,
    /// How many workers there are, of 2 lanes each
    #[arg(long, value_delimiter = ',', default_value = "2,4", value_name = "NUMBER")]
    processes: Vec<usize>,
}

impl Selection {
    /// The cases, those that share events one after the other.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for &work in &self.work {
            for &batch in &self.batches {
                let one = self.lanes.iter().map(|&lanes| Case { work, batch, processes: 1, lanes });
                cases.extend(one);
            }
            let many = self.processes.iter().map(|&processes| Case {
                work,
                batch: BATCH,
                processes,
                lanes: LANES_OF_MANY,
            });
            cases.extend(many);
        }
        cases
    }
}

/// One combination of everything that is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Case {
    pub work: Work,
    pub batch: usize,
    pub processes: usize,
    pub lanes: usize,
}

impl Case {
    /// What is measured of it: many processes have no other limit than one.
    pub fn variants(self) -> &'static [Variant] {
        if self.processes == 1 { &[Variant::Worker, Variant::Memory] } else { &[Variant::Worker] }
    }

    /// The same with one event in each transaction.
    pub fn one_by_one(self) -> Self {
        Self { batch: 1, ..self }
    }

    /// How many events are applied in about that time.
    pub fn events(self, time: Duration) -> usize {
        let a_second = match self.batch {
            ..10 => 1_000,
            10..100 => 5_000,
            _ => 10_000,
        };
        (a_second * time.as_secs()) as usize
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, batch, processes, lanes } = self;
        write!(f, "{work}, batch {batch}, lanes {lanes}")?;
        if *processes > 1 { write!(f, ", processes {processes}") } else { Ok(()) }
    }
}
