//! `worker`: applies Clerk's events from the queue.

use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;
use shared::program;
use worker::WorkerArgs;

/// One heap for all threads. glibc gives each a heap of its own, and all of them keep what a batch takes: megabytes for every
/// thread that ever had a batch in hand, twice as much in all.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    match program::parse_or_exit::<WorkerArgs>() {
        Ok(args) => worker::main(&args),
        Err(code) => code,
    }
}
