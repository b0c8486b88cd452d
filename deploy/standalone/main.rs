//! `clerk-mirror`: ingest and worker in one process, and the tools around them.

use std::process::ExitCode;

use shared::program;

fn main() -> ExitCode {
    match program::parse_or_exit() {
        Ok(args) => clerk_mirror::main(args),
        Err(code) => code,
    }
}
