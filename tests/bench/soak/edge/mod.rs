//! The edge alone: under full load, with its broker dead, and after the broker has come back.

mod inbox;
mod phase;
mod report;

use std::{process::ExitCode, time::Duration};

use harness::RabbitMq;

use self::{inbox::NAMESPACE, phase::Phase};
use crate::{
    common::{Machine, Traffic},
    ingest_process::IngestProcess,
};

const SEED: u64 = 1;
const DISTINCT_EVENTS: usize = 4096;

/// Watches an edge, for so long in each phase.
pub fn soak(time: Duration) -> anyhow::Result<ExitCode> {
    let mut broker = RabbitMq::start()?;
    let traffic = Traffic::new(SEED, DISTINCT_EVENTS)?;
    println!("{}\n{traffic}\n", Machine::here(Some(&broker))?);

    let inbox = inbox::declare(broker.url())?;
    let edge = IngestProcess::start(broker.url(), NAMESPACE, &[("DECLARE", "passive")]);
    let full_load = Phase::run("full load", &edge, &traffic, time, 200)?;
    broker.wait_until_on_disk(&inbox);

    broker.kill9();
    edge.wait_until_ready(false);
    let dead_broker = Phase::run("dead broker", &edge, &traffic, time, 503)?;

    broker.restart()?;
    edge.wait_until_ready(true);
    let recovered = Phase::run("recovered", &edge, &traffic, time, 200)?;

    edge.stop()?;
    Ok(report::print(&[full_load, dead_broker, recovered]))
}
