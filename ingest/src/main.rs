//! `ingest`: receives Clerk's webhooks.

use std::{net::SocketAddr, process::ExitCode};

use ingest::{Config, IngestArgs};
use shared::program::{self, Parts};
use tokio::runtime;

fn main() -> ExitCode {
    let args: IngestArgs = match program::parse_or_exit() {
        Ok(args) => args,
        Err(code) => return code,
    };
    let config = match program::configure(&args.process, || args.resolve()) {
        Ok(config) => config,
        Err(code) => return code,
    };
    // The server has threads of its own. What is left, the publisher, is faster on one than on several that wake each other.
    program::block_on(runtime::Builder::new_current_thread(), run(config, args.admin_listen)).unwrap_or_else(
        |error| {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        },
    )
}

async fn run(config: Config, admin_listen: SocketAddr) -> Result<ExitCode, program::Error> {
    let listener = program::bind("LISTEN", config.listen)?;
    let admin_listener = program::bind("ADMIN_LISTEN", admin_listen)?;
    let mut parts = Parts::new(Some(config.secrets.clone()))?;
    let deadline = config.shutdown_timeout;
    let serving = ingest::serve(config, listener, parts.process().clone());
    parts.start("ingest", serving);
    Ok(parts.run(admin_listener, deadline).await)
}
