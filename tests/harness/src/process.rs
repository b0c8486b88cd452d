//! Child processes that never outlive the test process.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::account::Account;
use crate::guardian::guardian;

/// Leaves its pid for the guardian, then becomes the program: no moment at which the program runs and the
/// guardian does not know it. `sh` itself adds PWD to the environment.
const LAUNCH: &str = r#"echo "$1 $$" > "$2" && shift 2 && unset PWD && exec "$@""#;

/// A program, and how to start it: an empty environment, a new working folder, no standard input.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    vars: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    account: Option<Account>,
    ended_by: &'static str,
}

impl Program {
    /// The program at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
            vars: Vec::new(),
            folder: None,
            account: None,
            ended_by: "KILL",
        }
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds environment variables.
    pub fn vars(
        mut self,
        vars: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Self {
        self.vars.extend(vars.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Runs it in `folder`, an existing one, instead of a new one.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs it as another user.
    pub(crate) fn account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// The signal (its name without SIG) by which it is ended when this process is gone.
    pub(crate) fn ended_by(mut self, signal: &'static str) -> Self {
        self.ended_by = signal;
        self
    }

    /// Starts it. A program that cannot be executed ends with status 127 and a line in its log.
    ///
    /// # Errors
    /// If no process can be started.
    pub fn start(self) -> Result<Process> {
        let guardian = guardian();
        let name = self.path.file_name().context("a path to a program")?.to_string_lossy().into_owned();
        let folder = self.folder.unwrap_or_else(|| guardian.subfolder(&name));
        let log_path = folder.join(format!("{name}.log"));
        let log = OpenOptions::new().create(true).append(true).open(&log_path)?;
        let pid_file = guardian.pid_file(&name);

        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", LAUNCH, "sh", self.ended_by])
            .arg(&pid_file)
            .arg(&self.path)
            .args(self.args)
            .env_clear()
            .envs(self.vars)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Out of the terminal's foreground group: Ctrl-C is for the test process; the guardian does the rest.
            .process_group(0);
        if let Some(Account { uid, gid }) = self.account {
            command.uid(uid).gid(gid);
        }
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Process { name, child, folder, log_path, pid_file })
    }
}

/// A running program. Dropping it kills it, and prints the tail of its log if the test is failing.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    folder: PathBuf,
    log_path: PathBuf,
    pid_file: PathBuf,
}

impl Process {
    /// Starts `program` with `args` and an environment of `vars` alone, in a new folder.
    ///
    /// # Panics
    /// If no process can be started.
    pub fn start(
        program: &Path,
        args: impl IntoIterator<Item = impl Into<OsString>>,
        vars: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Self {
        Program::new(program).args(args).vars(vars).start().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its working folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All it has written to standard output and standard error.
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log_path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last lines of [`Process::log`].
    pub fn log_tail(&self) -> String {
        const LINES: usize = 60;
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// The exit status, if it has ended.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().expect("our own child");
        if status.is_some() {
            // The kernel may give its pid to another process from now on.
            let _ = fs::remove_file(&self.pid_file);
        }
        status
    }

    /// Waits for it to end.
    ///
    /// # Panics
    /// With the tail of its log when it has not ended within `deadline`.
    #[track_caller]
    pub fn wait(&mut self, deadline: Duration) -> ExitStatus {
        match self.ended_within(deadline) {
            Some(status) => status,
            None => panic!("{} still runs after {deadline:?}; its log:\n{}", self.name, self.log_tail()),
        }
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub fn kill9(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().expect("our own child");
        self.exited();
    }

    /// Halts it wherever it is, with SIGSTOP: it holds what it holds until it is killed.
    pub fn halt(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Asks it to end, with SIGTERM.
    pub fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Sends a signal; a process that has already ended gets none.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if self.exited().is_none() {
            kill_process(Pid::from_child(&self.child), signal).expect("our own child");
        }
    }

    pub(crate) fn ended_within(&mut self, deadline: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            let status = self.exited();
            if status.is_some() || start.elapsed() >= deadline {
                return status;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill9();
        if thread::panicking() {
            eprintln!("--- the log of {} ({}):\n{}\n---", self.name, self.pid(), self.log_tail());
        }
    }
}
