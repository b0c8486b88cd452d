//! The one temporary folder of this test process, and the guardian that empties it.
//!
//! A destructor does not run on `abort`, on SIGKILL or on Ctrl-C, and never for a `static`. So taking down is
//! the work of another process: a small shell in a session of its own that waits for a pipe to close, which
//! the kernel does however this process ends. See `guardian.sh`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const SCRIPT: &str = include_str!("guardian.sh");

/// Owns the temporary folder of this process.
pub(crate) struct Guardian {
    folder: PathBuf,
    /// Holds the pipe. Never waited for: it outlives this process.
    _shell: Child,
    next: AtomicU32,
}

/// The guardian of this process.
pub(crate) fn guardian() -> &'static Guardian {
    static GUARDIAN: OnceLock<Guardian> = OnceLock::new();
    GUARDIAN.get_or_init(Guardian::start)
}

/// A new folder for a test's files; it goes with the test process.
pub fn scratch(hint: &str) -> PathBuf {
    guardian().subfolder(hint)
}

impl Guardian {
    fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("clerk-mirror-test-")
            .tempdir()
            .expect("a temporary folder can be made")
            .keep();
        // A server that runs as another user must be able to reach its own folder below this one.
        fs::set_permissions(&folder, Permissions::from_mode(0o711)).expect("own folder");
        fs::create_dir(folder.join("pids")).expect("own folder");

        let shell = Command::new("setsid")
            .args(["sh", "-c", SCRIPT, "guardian"])
            .arg(&folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("setsid (util-linux) can be run");
        Self { folder, _shell: shell, next: AtomicU32::new(1) }
    }

    /// A new folder whose name starts with `hint`.
    pub(crate) fn subfolder(&self, hint: &str) -> PathBuf {
        let folder = self.folder.join(format!("{hint}-{}", self.next.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir(&folder).expect("a new name in our own folder");
        folder
    }

    /// The path at which a program that is about to start must leave its pid.
    pub(crate) fn pid_file(&self, hint: &str) -> PathBuf {
        self.pids().join(format!("{hint}-{}", self.next.fetch_add(1, Ordering::Relaxed)))
    }

    /// The folder of the pid files.
    pub(crate) fn pids(&self) -> PathBuf {
        self.folder.join("pids")
    }
}
