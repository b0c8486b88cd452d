//! How a process starts, says whether it is ready, and stops.
//!
//! A [`Process`] is handed to every part. The order of stopping is always the same: readiness turns false, nothing new
//! is accepted (at the edge after `DRAIN_DELAY`), what is in flight is finished, connections are closed. A part that ends
//! by itself stops the whole.

mod backoff;
mod readiness;

pub use backoff::Backoff;
pub use readiness::{Check, Readiness};

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use prometheus::Registry;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code for a configuration that cannot work (`EX_USAGE` of sysexits.h).
pub const EXIT_BAD_CONFIGURATION: u8 = 64;
/// Exit code when a second signal ended a shutdown that was still under way.
const EXIT_INTERRUPTED: i32 = 130;

/// What every part of one process shares.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// Cancelled once, when the process is to stop.
    pub shutdown: CancellationToken,
    /// Whether the process can do its work now.
    pub readiness: Readiness,
    /// Where every part registers its metrics.
    pub registry: Registry,
    failed: Arc<AtomicBool>,
}

impl Process {
    /// A process in which nothing runs yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the process on SIGTERM or SIGINT. A second signal ends it at once.
    pub fn stop_on_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let process = self.clone();
        tokio::spawn(async move {
            let mut next = async || tokio::select! { _ = terminate.recv() => "SIGTERM", _ = interrupt.recv() => "SIGINT" };
            let name = next().await;
            tracing::info!(signal = name, "stopping; a second signal ends the process at once");
            process.stop();
            let name = next().await;
            tracing::warn!(signal = name, "second signal, ending at once");
            std::process::exit(EXIT_INTERRUPTED);
        });
        Ok(())
    }

    /// Begins the shutdown: readiness first.
    pub fn stop(&self) {
        self.readiness.shut();
        self.shutdown.cancel();
    }

    /// Notes that something went wrong that the exit code must tell.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
    }

    /// Whether something went wrong that the exit code must tell.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Runs a part that should only end once the process stops: if it ends (or panics) before, the process stops.
    pub async fn part<T>(&self, name: &'static str, part: impl Future<Output = T>) -> T {
        let guard = PartGuard { name, process: self };
        let result = part.await;
        drop(guard);
        result
    }

    /// Runs every part to its end. Once the process is told to stop they have `deadline` to finish.
    ///
    /// Returns false if they did not make it, or if one of them had failed.
    pub async fn run(&self, deadline: Duration, parts: impl Future<Output = ()>) -> bool {
        let overdue = async {
            self.shutdown.cancelled().await;
            tokio::time::sleep(deadline).await;
        };
        tokio::select! {
            () = parts => !self.failed(),
            () = overdue => {
                tracing::error!(deadline = ?deadline, "not everything was finished within the shutdown deadline");
                false
            }
        }
    }
}

struct PartGuard<'a> {
    name: &'static str,
    process: &'a Process,
}

impl Drop for PartGuard<'_> {
    fn drop(&mut self) {
        if self.process.shutdown.is_cancelled() {
            return;
        }
        tracing::error!(part = self.name, "ended unexpectedly, stopping the process");
        self.process.fail();
        self.process.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_ends_by_itself_stops_the_process_and_fails_it() {
        let process = Process::new();
        let finished = process.run(Duration::from_secs(60), process.part("short", async {})).await;
        assert!(!finished);
        assert!(process.shutdown.is_cancelled());
        assert!(!process.readiness.report().ready);
    }

    #[tokio::test]
    async fn a_part_that_ends_after_the_stop_is_fine() {
        let process = Process::new();
        process.stop();
        assert!(
            process.run(Duration::from_secs(60), process.part("long", process.shutdown.cancelled())).await
        );
    }

    #[tokio::test]
    async fn the_deadline_ends_a_shutdown_that_hangs() {
        let process = Process::new();
        process.stop();
        assert!(!process.run(Duration::from_millis(1), std::future::pending()).await);
    }
}
