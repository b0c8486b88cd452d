//! One Erlang node of RabbitMQ with an epmd of its own: nothing it does reaches a RabbitMQ of the machine.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;

use super::client::ping;
use super::epmd::Epmd;
use super::layout::Layout;
use crate::free_port;
use crate::locate::folder_of;
use crate::process::{Process, Program};

const START_DEADLINE: Duration = Duration::from_secs(120);
const STOP_DEADLINE: Duration = Duration::from_secs(60);
/// After so many seconds a tool is killed: some wait for a node that does not answer.
const TOOL_DEADLINE: &str = "60";

#[derive(Debug)]
pub(super) struct Node {
    bin: PathBuf,
    pub(super) layout: Layout,
    // Dropped in this order: the node before its epmd.
    server: Option<Process>,
    pub(super) epmd: Epmd,
}

impl Node {
    /// Lays out a node, which does not run yet.
    pub(super) fn new(cookie: &str) -> Result<Self> {
        // Not the wrappers in /usr/sbin: they change to the user rabbitmq and its home.
        let bin = folder_of("rabbitmq-server", &["/usr/lib/rabbitmq/bin".into()])?;
        let layout = Layout::new(cookie)?;
        let epmd = Epmd::start(&layout.folder, layout.epmd_port)?;
        Ok(Self { bin, layout, server: None, epmd })
    }

    /// Starts it, on the data it has.
    pub(super) fn launch(&mut self) -> Result<()> {
        let server = Program::new(self.bin.join("rabbitmq-server"))
            .vars(self.layout.environment())
            .folder(&self.layout.folder)
            .ended_by("TERM")
            .start()?;
        self.server = Some(server);
        Ok(())
    }

    /// Waits until it serves: RabbitMQ opens its AMQP port as the last step of starting.
    pub(super) fn wait_until_serving(&mut self) -> Result<()> {
        let start = Instant::now();
        let url = self.layout.url();
        let server = self.server.as_mut().context("the node was not launched")?;
        while let Err(refusal) = ping(&url) {
            if server.exited().is_some() || start.elapsed() > START_DEADLINE {
                bail!("rabbitmq did not start: {refusal:#}; its log:\n{}", server.log_tail());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.server.iter().map(Process::pid).chain([self.epmd.pid()]).collect()
    }

    pub(super) fn is_launched(&self) -> bool {
        self.server.is_some()
    }

    /// Whether the node's file of the quorum queues it has names this one, of the default virtual host.
    pub(super) fn has_on_disk(&self, queue: &str) -> bool {
        // An Erlang atom: its length, then its text.
        let mut atom = format!("_%2F_{queue}").into_bytes();
        atom[0] = u8::try_from(atom.len() - 1).expect("the name of a queue is short");
        fs::read(self.layout.quorum_queues())
            .is_ok_and(|bytes| bytes.windows(atom.len()).any(|window| window == atom))
    }

    pub(super) fn kill9(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill9();
        }
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        if let Some(server) = &mut self.server {
            server.signal(signal);
        }
    }

    /// Stops it in good order.
    pub(super) fn stop(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        server.terminate();
        let status = server.ended_within(STOP_DEADLINE);
        ensure!(status.is_some(), "rabbitmq does not stop; its log:\n{}", server.log_tail());
        Ok(())
    }

    /// Removes all that it remembers.
    pub(super) fn wipe(&mut self) -> Result<()> {
        self.kill9();
        fs::remove_dir_all(self.layout.data()).context("the node's data")
    }

    /// Runs one of RabbitMQ's tools against it.
    pub(super) fn tool(&self, name: &str, args: &[&str]) -> Output {
        // The tool is an Erlang node too, and listens.
        let port = free_port().to_string();
        Command::new("timeout")
            .args(["--signal=KILL", TOOL_DEADLINE])
            .arg(self.bin.join(name))
            .arg("--quiet")
            .args(args)
            // Erlang leaves its crash dump where it runs.
            .current_dir(&self.layout.folder)
            .env_clear()
            .envs(self.layout.environment())
            .env("RABBITMQ_CTL_DIST_PORT_MIN", &port)
            .env("RABBITMQ_CTL_DIST_PORT_MAX", &port)
            .stdin(Stdio::null())
            .output()
            .expect("timeout (coreutils) can be run")
    }
}
