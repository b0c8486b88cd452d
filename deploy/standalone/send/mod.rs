//! `clerk-mirror send`: signed synthetic traffic, to try the program with and to load it.
//!
//! [`world`] makes events, [`Plan`] says which of them are sent and how, [`send`] sends them.

mod args;
mod client;
mod order;
mod pace;
mod percent;
mod plan;
mod progress;
mod summary;
pub mod world;

#[cfg(test)]
mod tests;

pub use args::SendArgs;
pub use client::{InvalidTarget, Target};
pub use percent::{InvalidPercent, Percent};
pub use plan::{Plan, send, send_until};
pub use progress::Progress;
pub use summary::{Latency, Summary};

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

/// Runs the command. An error is one of the configuration; what could not be delivered is the exit code's to tell.
pub async fn run(args: SendArgs) -> anyhow::Result<ExitCode> {
    let json = args.json;
    let plan = tokio::task::spawn_blocking(move || args.plan()).await.context("reading the secret")??;
    let progress = Progress::on_terminal(plan.deliveries());
    let stop = CancellationToken::new();
    let sending = send_until(plan, stop.clone(), progress);
    tokio::pin!(sending);
    let summary = tokio::select! {
        summary = &mut sending => summary?,
        signal = tokio::signal::ctrl_c() => {
            signal.context("waiting for Ctrl-C")?;
            stop.cancel();
            sending.await?
        }
    };
    let text = if json { format!("{}\n", serde_json::to_string(&summary)?) } else { summary.to_string() };
    std::io::stdout().write_all(text.as_bytes()).context("writing the summary")?;
    Ok(if summary.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
