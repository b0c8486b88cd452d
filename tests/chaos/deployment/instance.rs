//! One `ingest` or `worker`, started again and again on the same addresses.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use harness::{Process, Program, free_port, scratch};

use crate::{admin, fault::Part};

/// What the instance is given to shut down, and then some.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// What it says then.
const UNFINISHED: &str = "not everything was finished within the shutdown deadline";

/// An instance, running or not.
pub struct Instance {
    pub part: Part,
    program: &'static Path,
    vars: Vec<(&'static str, String)>,
    address: SocketAddr,
    admin: SocketAddr,
    /// Where it runs: the log is of all its processes.
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    process: Option<Process>,
    /// How processes ended that nobody had ended.
    ends: Vec<String>,
}

impl Instance {
    /// Not started yet.
    pub fn new(part: Part, program: &'static Path) -> Self {
        let (address, admin) = (local(free_port()), local(free_port()));
        let vars = vec![("ADMIN_LISTEN", admin.to_string())];
        let folder = scratch("instance");
        Self { part, program, vars, address, admin, folder, state: Mutex::default() }
    }

    pub fn var(mut self, name: &'static str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// With its own address as this setting.
    pub fn listening(self, name: &'static str) -> Self {
        let address = self.address.to_string();
        self.var(name, &address)
    }

    pub fn set(&mut self, name: &'static str, value: &str) {
        self.vars.push((name, value.to_owned()));
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it, unless it runs.
    pub fn start(&self) -> Result<()> {
        let mut state = self.state();
        state.look(self.part);
        if state.process.is_none() {
            let vars = self.vars.iter().map(|(name, value)| (name, value));
            let program = Program::new(self.program).vars(vars).folder(&self.folder);
            state.process = Some(program.start()?);
        }
        Ok(())
    }

    /// Copies the log into a folder.
    pub fn keep_log(&self, folder: &Path) -> Result<()> {
        let name = self.program.file_name().context("a program has a name")?;
        let log = self.folder.join(name).with_extension("log");
        fs::copy(log, folder.join(format!("{}.log", self.part.to_string().replace(' ', "-"))))?;
        Ok(())
    }

    pub fn kill(&self) {
        let mut state = self.state();
        state.look(self.part);
        // Dropping kills.
        state.process = None;
    }

    /// Asks it to stop and waits until it has. `Ok(false)` if it says that it could not finish everything in its time.
    pub fn stop(&self) -> Result<bool> {
        let mut state = self.state();
        state.look(self.part);
        let Some(mut process) = state.process.take() else { return Ok(true) };
        process.terminate();
        let asked = Instant::now();
        while asked.elapsed() < STOP_DEADLINE {
            match process.exited().map(|status| status.code()) {
                None => thread::sleep(Duration::from_millis(10)),
                Some(Some(0)) => return Ok(true),
                Some(Some(1)) if process.log_tail().contains(UNFINISHED) => return Ok(false),
                Some(code) => {
                    bail!("{} ended with {code:?} when stopped:\n{}", self.part, process.log_tail())
                }
            }
        }
        bail!("{} has not stopped within {STOP_DEADLINE:?}", self.part);
    }

    /// Whether it says that it can do its work.
    pub fn is_ready(&self) -> bool {
        admin::get(self.admin, "/readyz").is_some_and(|response| response.status == 200)
    }

    /// How many events it has done its part for since it was started: accepted, or accounted for.
    pub fn done(&self) -> f64 {
        let Some(response) = admin::get(self.admin, "/metrics") else { return 0.0 };
        let counted = |line: &&str| match self.part {
            Part::Ingest(_) => line.starts_with(r#"clerk_mirror_ingest_requests_total{outcome="accepted"}"#),
            _ => line.starts_with("clerk_mirror_worker_events_total{"),
        };
        let value = |line: &str| line.rsplit_once(' ')?.1.parse::<f64>().ok();
        response.text().lines().filter(counted).filter_map(value).sum()
    }

    /// Its ends that nobody brought about.
    pub fn ends(&self) -> Vec<String> {
        let mut state = self.state();
        state.look(self.part);
        state.ends.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes note if the process has ended.
    fn look(&mut self, part: Part) {
        if let Some(process) = &mut self.process
            && let Some(status) = process.exited()
        {
            self.ends.push(format!("{part} ended by itself: {status}"));
            self.process = None;
        }
    }
}

fn local(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}
