//! A private PostgreSQL.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::account::Account;
use crate::guardian::guardian;
use crate::locate::folder_of;
use crate::process::{Process, Program};
use crate::{free_port, unique, wait_until};

const START_DEADLINE: Duration = Duration::from_secs(60);

/// What the server does for a commit to survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing is forced to disk: quick, for tests.
    Relaxed,
    /// As in production, for benchmarks.
    Full,
}

impl Durability {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Relaxed => &["fsync=off", "full_page_writes=off"],
            Self::Full => &[],
        }
    }
}

/// A PostgreSQL server: a private one, ended on drop, or an existing one.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    server: Option<Server>,
}

/// A private server and how to start it again.
#[derive(Debug)]
struct Server {
    program: PathBuf,
    folder: PathBuf,
    settings: Vec<String>,
    account: Option<Account>,
    process: Process,
}

impl Postgres {
    /// Starts a private server in a new folder, reachable over loopback by anyone on this machine.
    ///
    /// # Errors
    /// If it does not start, with the tail of its log.
    pub fn start(durability: Durability) -> Result<Self> {
        Self::start_with(durability, &[])
    }

    /// The same with more settings of its own, each as `name=value`.
    ///
    /// # Errors
    /// If it does not start, with the tail of its log.
    pub fn start_with(durability: Durability, more: &[String]) -> Result<Self> {
        let bin = folder_of("postgres", &installed_versions())?;
        let account = Account::unprivileged("postgres")?;
        let guardian = guardian();
        let folder = guardian.subfolder("postgres");
        if let Some(account) = account {
            account.own(&folder)?;
            account.own(&guardian.pids())?;
        }

        initialise(&bin, &folder, account)?;
        let port = free_port();
        let settings = [
            format!("port={port}"),
            format!("unix_socket_directories={}", folder.display()),
            "listen_addresses=127.0.0.1".to_owned(),
            "max_connections=200".to_owned(),
            "timezone=UTC".to_owned(),
        ];
        let durability = durability.settings().iter().map(|&setting| setting.to_owned());
        let settings: Vec<String> =
            settings.into_iter().chain(durability).chain(more.iter().cloned()).collect();
        let program = bin.join("postgres");
        let process = launch(&program, &folder, &settings, account)?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut server = Server { program, folder, settings, account, process };
        server.wait_until_serving(&url)?;
        Ok(Self { url, server: Some(server) })
    }

    /// The existing server at `url`, whose user may create databases. They stay there.
    pub fn existing(url: impl Into<String>) -> Self {
        Self { url: url.into(), server: None }
    }

    /// The URL of its own database, which is there from the start.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Panics
    /// If it cannot be created.
    pub fn fresh_database(&self, name_hint: &str) -> String {
        let name = unique(name_hint);
        psql(&self.url, &format!("CREATE DATABASE {name}"));
        with_database(&self.url, &name)
    }

    /// The process id of a private server.
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(|server| server.process.pid())
    }

    /// Kills all processes of a private server with SIGKILL; its data stay.
    ///
    /// # Panics
    /// If this is an existing server.
    pub fn kill9(&mut self) {
        let process = &mut self.private().process;
        // Halted, it has no more children than these. One that is left keeps the server from starting again.
        process.halt();
        let children = children(process.pid());
        process.kill9();
        for &child in &children {
            let _ = kill_process(child, Signal::KILL);
        }
        wait_until("all processes are gone", START_DEADLINE, || {
            children.iter().all(|&child| test_kill_process(child).is_err())
        });
    }

    /// Stops a private server as an operator does: clients are sent away, what is under way is rolled back.
    ///
    /// # Panics
    /// If this is an existing server, or it does not stop.
    pub fn stop(&mut self) {
        let process = &mut self.private().process;
        process.signal(Signal::INT);
        process.wait(START_DEADLINE);
    }

    /// Starts a private server again on its old data and port, and waits until it serves.
    ///
    /// # Errors
    /// If it does not start, with the tail of its log.
    ///
    /// # Panics
    /// If this is an existing server.
    pub fn restart(&mut self) -> Result<()> {
        let url = self.url.clone();
        let server = self.private();
        server.process.kill9();
        server.process = launch(&server.program, &server.folder, &server.settings, server.account)?;
        server.wait_until_serving(&url)
    }

    fn private(&mut self) -> &mut Server {
        self.server.as_mut().expect("only a private server can be stopped")
    }
}

impl Server {
    fn wait_until_serving(&mut self, url: &str) -> Result<()> {
        let start = Instant::now();
        while let Err(refusal) = query(url, "SELECT 1") {
            if self.process.exited().is_some() || start.elapsed() > START_DEADLINE {
                bail!("postgres did not start: {refusal}; its log:\n{}", self.process.log_tail());
            }
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Some(server) = &mut self.server else { return };
        // Killed outright, it would leave its System V shared memory behind.
        server.process.signal(Signal::QUIT);
        let _ = server.process.ended_within(Duration::from_secs(10));
    }
}

fn launch(program: &Path, folder: &Path, settings: &[String], account: Option<Account>) -> Result<Process> {
    Program::new(program)
        .args(["-D", "data"])
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .folder(folder)
        .account(account)
        // An immediate shutdown: SIGTERM would wait for the clients to leave.
        .ended_by("QUIT")
        .start()
}

/// The processes that a process of ours has started.
fn children(parent: u32) -> Vec<Pid> {
    let file = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

/// Runs SQL through the `psql` client and returns what it prints: the rows alone, columns separated by `|`.
///
/// # Panics
/// If the server refuses, with its message.
#[track_caller]
pub fn psql(url: &str, sql: &str) -> String {
    match query(url, sql) {
        Ok(rows) => rows,
        Err(error) => panic!("{error:#}"),
    }
}

fn query(url: &str, sql: &str) -> Result<String> {
    let psql = folder_of("psql", &installed_versions())?.join("psql");
    let output = Command::new(psql)
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
        .args(["--command", sql, url])
        .env("PGCONNECT_TIMEOUT", "10")
        .output()
        .context("cannot run psql")?;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    let rows = String::from_utf8(output.stdout).context("psql writes UTF-8")?;
    Ok(rows.trim_end_matches('\n').to_owned())
}

/// Makes a database cluster in `folder/data`.
fn initialise(bin: &Path, folder: &Path, account: Option<Account>) -> Result<()> {
    let mut initdb = Program::new(bin.join("initdb"))
        .args(["-D", "data", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"])
        // The folder is thrown away: a power cut may take it.
        .args(["--no-sync"])
        .folder(folder)
        .account(account)
        .start()?;
    match initdb.ended_within(START_DEADLINE) {
        Some(status) if status.success() => Ok(()),
        _ => bail!("initdb failed; its log:\n{}", initdb.log_tail()),
    }
}

/// Where Debian installs PostgreSQL, newest version first.
fn installed_versions() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

/// `url` with another database.
fn with_database(url: &str, name: &str) -> String {
    let (address, query) = match url.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (url, String::new()),
    };
    let authority = address.find("://").map_or(0, |at| at + 3);
    let path = address[authority..].find('/').map_or(address.len(), |at| authority + at);
    format!("{}/{name}{query}", &address[..path])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_database_keeps_the_rest_of_the_url() {
        let cases = [
            ("postgres://u:p@h:1/postgres", "postgres://u:p@h:1/t"),
            ("postgres://h", "postgres://h/t"),
            ("postgresql://h/a?sslmode=disable", "postgresql://h/t?sslmode=disable"),
            ("postgres://h?host=/run/postgresql", "postgres://h/t?host=/run/postgresql"),
        ];
        for (url, expected) in cases {
            assert_eq!(with_database(url, "t"), expected);
        }
    }
}
