//! Watching readiness, so that not even a short loss of it goes unseen.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::deployment::is_ready;

const STEP: Duration = Duration::from_millis(2);

/// Watches a process from its making until it is dropped.
pub struct Vigil {
    unready: Arc<AtomicBool>,
}

impl Vigil {
    /// Of the process behind these admin endpoints.
    pub fn over(admin: SocketAddr) -> Self {
        let unready = Arc::new(AtomicBool::new(false));
        let watched = Arc::downgrade(&unready);
        thread::spawn(move || {
            while let Some(unready) = watched.upgrade() {
                if !is_ready(admin) {
                    unready.store(true, Ordering::SeqCst);
                    return;
                }
                thread::sleep(STEP);
            }
        });
        Self { unready }
    }

    /// Whether it has been seen not ready.
    pub fn saw_unready(&self) -> bool {
        self.unready.load(Ordering::SeqCst)
    }
}
