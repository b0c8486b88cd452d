//! Both halves in one process.

use std::{io::Write, process::ExitCode};

use shared::program::{self, Parts};
use tokio::runtime;

use crate::{
    args::{Command, Config, StandaloneArgs},
    send,
    welcome::Welcome,
};

/// The `clerk-mirror` program: runs a command, or both halves until it is stopped.
pub fn main(args: StandaloneArgs) -> ExitCode {
    let result = match &args.command {
        Some(Command::Send(send)) => send_events(send.clone()),
        Some(Command::Operator(command)) => match program::configure(&args.process, || args.open_store()) {
            Ok(store) => command.run(&*store).map(|()| ExitCode::SUCCESS).map_err(Into::into),
            Err(code) => return code,
        },
        None => match program::configure(&args.process, || args.resolve()) {
            Ok(config) => program::block_on(runtime::Builder::new_multi_thread(), run(&args, config)),
            Err(code) => return code,
        },
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

async fn run(args: &StandaloneArgs, config: Config) -> Result<ExitCode, program::Error> {
    let listener = program::bind("LISTEN", config.ingest.listen)?;
    let admin_listener = program::bind("ADMIN_LISTEN", args.admin_listen)?;
    let mut parts = Parts::new(Some(config.ingest.secrets.clone()))?;
    let welcome = Welcome::new(&config, listener.local_addr()?, admin_listener.local_addr()?).to_string();
    let process = parts.process().clone();
    parts.start("ingest", ingest::serve(config.ingest, listener, process.clone()));
    parts.start("worker", worker::serve(config.worker, process));
    // Nobody reading it is no reason not to run.
    let _ = writeln!(std::io::stdout(), "{welcome}");
    Ok(parts.run(admin_listener, args.process.shutdown_timeout).await)
}

#[tokio::main]
async fn send_events(args: send::SendArgs) -> Result<ExitCode, program::Error> {
    Ok(send::run(args).await?)
}
