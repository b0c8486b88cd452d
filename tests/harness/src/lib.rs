//! What the end-to-end tests and the benchmarks run against: real servers, real processes, a network
//! that can fail.
//!
//! - [`rabbitmq`] and [`postgres`]: private servers, started on first use, shared by the whole test process.
//!   [`RabbitMq::start`] and [`Postgres::start`] give a test a server of its own.
//! - [`Cluster`]: a RabbitMQ of three nodes whose network can fail.
//! - [`binaries`] and [`Process`]: the programs under test, built and run the way a user runs them.
//! - [`Proxy`]: a TCP proxy that cuts, freezes (one way, too) and delays.
//! - [`http`] and [`load`]: a client for exact bytes, and a light load generator.
//! - [`SmallDisk`]: a disk that is full on command.
//! - [`Client`] and [`Sender`]: a keep-alive connection, and a load that keeps account of every request, whatever fails.
//!
//! Everything started here has its files in one temporary folder and ends with the test process, however
//! that process ends: see the `guardian` module.

mod account;
mod binaries;
mod client;
mod disk;
mod fixtures;
mod guardian;
pub mod http;
pub mod load;
mod locate;
mod naming;
mod ports;
mod postgres;
mod process;
mod proxy;
mod rabbitmq;
mod sender;
mod stat;
mod wait;

use std::env;
use std::sync::OnceLock;

pub use binaries::{Binaries, binaries};
pub use client::{Client, Outcome};
pub use disk::SmallDisk;
pub use fixtures::{Fixture, fixtures};
pub use guardian::scratch;
pub use naming::unique;
pub use ports::free_port;
pub use postgres::{Durability, Postgres, psql};
pub use process::{Process, Program};
pub use proxy::{Direction, Proxy};
pub use rabbitmq::{Cluster, QueueState, RabbitMq};
pub use sender::{Pace, Sender, Tally};
pub use stat::{ProcStat, proc_stat};
pub use wait::{wait_until, wait_until_async};

/// The RabbitMQ shared by this test process: started on first use, or the one `TEST_AMQP_URL` names.
///
/// # Panics
/// If it does not start, with the tail of its log.
pub fn rabbitmq() -> &'static RabbitMq {
    static SERVER: OnceLock<Result<RabbitMq, String>> = OnceLock::new();
    shared(&SERVER, || match env::var("TEST_AMQP_URL") {
        Ok(url) => Ok(RabbitMq::existing(url)),
        Err(_) => RabbitMq::start(),
    })
}

/// The PostgreSQL shared by this test process: started on first use with [`Durability::Relaxed`], or the
/// one `TEST_DATABASE_URL` names.
///
/// # Panics
/// If it does not start, with the tail of its log.
pub fn postgres() -> &'static Postgres {
    static SERVER: OnceLock<Result<Postgres, String>> = OnceLock::new();
    shared(&SERVER, || match env::var("TEST_DATABASE_URL") {
        Ok(url) => Ok(Postgres::existing(url)),
        Err(_) => Postgres::start(Durability::Relaxed),
    })
}

/// Starts once: when that failed, every caller learns why, and none waits for it to fail again.
fn shared<T>(
    server: &'static OnceLock<Result<T, String>>,
    start: impl FnOnce() -> anyhow::Result<T>,
) -> &'static T {
    match server.get_or_init(|| start().map_err(|error| format!("{error:#}"))) {
        Ok(server) => server,
        Err(error) => panic!("{error}"),
    }
}
