//! `worker`: applies Clerk's events from the queue.

use std::process::ExitCode;

use shared::program;
use worker::WorkerArgs;

fn main() -> ExitCode {
    match program::parse_or_exit::<WorkerArgs>() {
        Ok(args) => worker::main(&args),
        Err(code) => code,
    }
}
