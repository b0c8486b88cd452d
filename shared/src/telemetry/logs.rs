//! Logs: one line an event, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The broker's client would log a message that came back, and with it what is known of a user. That it came back is logged by us.
const NEVER_LOGGED: &str = "lapin::returned_messages=off";

/// Starts logging. `filter` is in the syntax of tracing's `EnvFilter`, e.g. `info` or `warn,worker=debug`.
pub fn init_logs(format: LogFormat, filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("the log filter {filter:?} is not valid: {error}"))?
        .add_directive(NEVER_LOGGED.parse().map_err(|error| format!("{NEVER_LOGGED}: {error}"))?);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| format!("logging cannot be started: {error}"))
}
