//! The whole way from a POST to a row of PostgreSQL, at half of what it can do.

mod plot;
mod report;
mod watch;
mod windows;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use harness::{Durability, Postgres, RabbitMq};

use self::watch::Watch;
use crate::{
    common::{Machine, Spread, Traffic},
    database::Server,
    way::Way,
};

/// Of what goes all the way as fast as it goes, so much is sent.
const SHARE: f64 = 0.5;
const SEED: u64 = 1;
/// A measurement of that takes a few seconds.
const RUSH: usize = 20_000;
const RUSHES: usize = 3;

/// Watches all of it for so long.
pub fn soak(time: Duration, folder: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let broker = RabbitMq::start()?;
    let postgres = Server::new(Postgres::start(Durability::Full)?);
    let machine = format!("{}, PostgreSQL {}", Machine::here(Some(&broker))?, postgres.version());
    let traffic = Traffic::new(SEED, RUSH)?;
    println!("{machine}\n{traffic}");

    let capacity = Spread::of(
        (0..RUSHES).map(|_| capacity(&broker, &postgres, &traffic)).collect::<anyhow::Result<Vec<_>>>()?,
    );
    let rate = capacity.median * SHARE;
    println!("{capacity:#.0} events/s go all the way; {rate:.0}/s are sent\n");

    let watch = Watch::over(Way::open(&broker, &postgres)?, rate, time)?;
    report::print(&watch, &machine, capacity, folder)
}

fn capacity(broker: &RabbitMq, postgres: &Server, traffic: &Traffic) -> anyhow::Result<f64> {
    let mut way = Way::open(broker, postgres)?;
    let rate = way.rush(traffic)?;
    way.close(traffic.events.len())?;
    Ok(rate)
}
