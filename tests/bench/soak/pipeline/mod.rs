//! The whole way from a POST to a row of PostgreSQL, at half of what it can do in the long run.

mod load;
mod plot;
mod report;
mod watch;
mod windows;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use harness::{Durability, Postgres, RabbitMq};

use self::{load::Load, watch::Watch};
use crate::{
    common::{Machine, Spread},
    database::Server,
    way::Way,
};

/// What PostgreSQL's manual advises for a machine of its own, within reason. By its defaults it caches 128 MB and, at thousands
/// of events a second, begins a checkpoint every 20 seconds.
pub const POSTGRES_SETTINGS: [&str; 2] = ["shared_buffers=2GB", "max_wal_size=4GB"];

/// Of what goes all the way as fast as it goes, so much is sent.
const SHARE: f64 = 0.5;
const RUSHES: u32 = 3;
/// All rushes together take about this share of the watch's time, but each no less and no more than this: into tables that
/// are new, and for a moment, far more goes than in the long run.
const RUSHING: f64 = 0.1;
const RUSH: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(30)];

/// Watches all of it for so long.
pub fn soak(time: Duration, folder: Option<PathBuf>, settings: &[String]) -> anyhow::Result<ExitCode> {
    let broker = RabbitMq::start()?;
    let postgres = Server::new(Postgres::start_with(Durability::Full, settings)?);
    let machine = format!(
        "{}, PostgreSQL {} with {}",
        Machine::here(Some(&broker))?,
        postgres.version(),
        settings.join(", ")
    );
    println!("{machine}");

    let mut way = Way::open(&broker, &postgres)?;
    let mut load = Load::new()?;
    let [least, most] = RUSH;
    let rush = (time.mul_f64(RUSHING) / RUSHES).clamp(least, most);
    let capacity =
        Spread::of((0..RUSHES).map(|_| way.rush(load.requests(rush))).collect::<anyhow::Result<Vec<_>>>()?);
    let rate = capacity.median * SHARE;
    println!("{capacity:#.0} events/s go all the way; {rate:.0}/s are sent\n");

    let watch = Watch::over(way, &mut load, rate, time)?;
    report::print(&watch, &machine, capacity, folder)
}
