//! Ctrl-C, for a command that comes to a good end when it is asked to.

use std::{
    io, process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

/// The exit code of a process that was interrupted at once.
const EXIT_INTERRUPTED: i32 = 130;

/// Whether the first Ctrl-C has come; the second ends the process at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub(super) fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        // Here and not on the thread: what comes once this has returned is heard.
        let mut signals = {
            let _entered = runtime.enter();
            signal(SignalKind::interrupt())?
        };
        let requested = interrupt.0.clone();
        thread::Builder::new().name("interrupts".to_owned()).spawn(move || {
            runtime.block_on(async {
                signals.recv().await;
                requested.store(true, Ordering::Relaxed);
                eprintln!("stopping after this batch; Ctrl-C again ends at once");
                signals.recv().await;
                process::exit(EXIT_INTERRUPTED);
            });
        })?;
        Ok(interrupt)
    }

    /// Whether to stop.
    pub(super) fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
