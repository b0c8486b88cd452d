//! The worker: takes deliveries from the queue, applies them to the mirror and accounts for each in the ledger.
//!
//! Data flows one way: the [`lanes`] take a round from the queue, [`event`] says what each delivery means,
//! [`apply`] merges them in transactions of the [`store`], and only then is the round acknowledged.
//! A [`replay`] takes them from the ledger instead.

#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod apply;
mod config;
mod dead_letters;
pub mod event;
pub mod lanes;
mod metrics;
pub mod operator;
pub mod replay;
mod serve;
pub mod store;
mod target;
mod upkeep;

pub use config::{ApplyArgs, Config, DatabaseArgs, Migrate, WorkerArgs};
pub use metrics::Metrics;
pub use serve::serve;
pub use upkeep::{InvalidRetention, Keeping, Retention};

use std::process::ExitCode;

use shared::program::{self, Parts};
use tokio::runtime;

/// The `worker` program: runs a command, or applies events until it is stopped.
pub fn main(args: &WorkerArgs) -> ExitCode {
    let result = match &args.command {
        Some(command) => run_command(args, command),
        None => match program::configure(&args.process, || args.resolve()) {
            Ok(config) => program::block_on(runtime::Builder::new_multi_thread(), run(args, config)),
            Err(code) => return code,
        },
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn run_command(args: &WorkerArgs, command: &operator::Command) -> Result<ExitCode, program::Error> {
    match program::configure(&args.process, || args.open_store()) {
        Ok(store) => command.run(&*store).map(|()| ExitCode::SUCCESS).map_err(Into::into),
        Err(code) => Ok(code),
    }
}

async fn run(args: &WorkerArgs, config: Config) -> Result<ExitCode, program::Error> {
    let admin_listener = program::bind("ADMIN_LISTEN", args.admin_listen)?;
    let mut parts = Parts::new(config.secrets.clone())?;
    parts.start("worker", serve(config, parts.process().clone()));
    Ok(parts.run(admin_listener, args.process.shutdown_timeout).await)
}
