//! One Erlang node of RabbitMQ with an epmd of its own: nothing it does reaches a RabbitMQ of the machine.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{ping, wait_for};
use crate::guardian::guardian;
use crate::locate::folder_of;
use crate::process::{Process, Program};
use crate::{free_port, unique};

const START_DEADLINE: Duration = Duration::from_secs(120);
const STOP_DEADLINE: Duration = Duration::from_secs(60);
const LOOPBACK_ONLY: &str = "-kernel inet_dist_use_interface {127,0,0,1}";

#[derive(Debug)]
pub(super) struct Node {
    bin: PathBuf,
    folder: PathBuf,
    amqp_port: u16,
    vars: Vec<(&'static str, String)>,
    // Dropped in this order: the node before its epmd.
    server: Process,
    epmd: Process,
}

impl Node {
    pub(super) fn start() -> Result<Self> {
        // Not the wrappers in /usr/sbin: they change to the user rabbitmq and its home.
        let bin = folder_of("rabbitmq-server", &["/usr/lib/rabbitmq/bin".into()])?;
        let folder = guardian().subfolder("rabbitmq");
        let amqp_port = free_port();
        let epmd_port = free_port();
        lay_out(&folder, amqp_port)?;

        let vars = environment(&folder, amqp_port, epmd_port);
        let epmd = Program::new(folder_of("epmd", &[])?.join("epmd"))
            .args(["-address", "127.0.0.1", "-port", &epmd_port.to_string()])
            .folder(&folder)
            .ended_by("TERM")
            .start()?;
        let server = launch(&bin, &folder, &vars)?;
        let mut node = Self { bin, folder, amqp_port, vars, server, epmd };
        node.wait_until_serving()?;
        Ok(node)
    }

    pub(super) fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp_port)
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        vec![self.server.pid(), self.epmd.pid()]
    }

    /// Whether the node's file of the quorum queues it has names this one, of the default virtual host.
    pub(super) fn has_on_disk(&self, queue: &str) -> bool {
        let name = node_name(self.amqp_port);
        let file = self.folder.join("data").join(&name).join("quorum").join(&name).join("names.dets");
        // An Erlang atom: its length, then its text.
        let mut atom = format!("_%2F_{queue}").into_bytes();
        atom[0] = u8::try_from(atom.len() - 1).expect("the name of a queue is short");
        fs::read(file).is_ok_and(|bytes| bytes.windows(atom.len()).any(|window| window == atom))
    }

    pub(super) fn kill9(&mut self) {
        self.server.kill9();
    }

    pub(super) fn stop(&mut self) {
        self.server.terminate();
        self.server.wait(STOP_DEADLINE);
    }

    pub(super) fn restart(&mut self) -> Result<()> {
        self.kill9();
        self.server = launch(&self.bin, &self.folder, &self.vars)?;
        self.wait_until_serving()
    }

    pub(super) fn ctl(&self, args: &[&str]) -> Output {
        // The tool is an Erlang node too, and listens.
        let port = free_port().to_string();
        Command::new(self.bin.join("rabbitmqctl"))
            .arg("--quiet")
            .args(args)
            .env_clear()
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .env("RABBITMQ_CTL_DIST_PORT_MIN", &port)
            .env("RABBITMQ_CTL_DIST_PORT_MAX", &port)
            .stdin(Stdio::null())
            .output()
            .expect("rabbitmqctl can be run")
    }

    /// RabbitMQ opens its AMQP port as the last step of starting.
    fn wait_until_serving(&mut self) -> Result<()> {
        let start = Instant::now();
        let url = self.url();
        while let Err(refusal) = wait_for(ping(&url)) {
            if self.server.exited().is_some() || start.elapsed() > START_DEADLINE {
                bail!("rabbitmq did not start: {refusal:#}; its log:\n{}", self.server.log_tail());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

fn launch(bin: &Path, folder: &Path, vars: &[(&'static str, String)]) -> Result<Process> {
    Program::new(bin.join("rabbitmq-server"))
        .vars(vars.iter().map(|(name, value)| (*name, value)))
        .folder(folder)
        .ended_by("TERM")
        .start()
}

fn node_name(amqp_port: u16) -> String {
    format!("clerk-mirror-{amqp_port}@localhost")
}

/// The files a node needs.
fn lay_out(folder: &Path, amqp_port: u16) -> Result<()> {
    let cookie = folder.join(".erlang.cookie");
    fs::write(&cookie, unique("cookie"))?;
    fs::set_permissions(&cookie, Permissions::from_mode(0o400))?;
    fs::write(folder.join("enabled_plugins"), "[].\n")?;
    let configuration = format!(
        "listeners.tcp.default = 127.0.0.1:{amqp_port}\n\
         disk_free_limit.absolute = 50MB\n\
         log.console = true\n\
         log.file = false\n"
    );
    fs::write(folder.join("rabbitmq.conf"), configuration).context("rabbitmq.conf")
}

/// The whole environment of the node and its tools: all that is not named here would come from /etc and /var.
fn environment(folder: &Path, amqp_port: u16, epmd_port: u16) -> Vec<(&'static str, String)> {
    let below = |name: &str| folder.join(name).display().to_string();
    vec![
        ("PATH", env::var("PATH").unwrap_or_default()),
        ("LANG", "C.UTF-8".into()),
        // The cookie is read from there.
        ("HOME", folder.display().to_string()),
        ("ERL_EPMD_PORT", epmd_port.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
        ("RABBITMQ_NODENAME", node_name(amqp_port)),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".into()),
        ("RABBITMQ_NODE_PORT", amqp_port.to_string()),
        ("RABBITMQ_DIST_PORT", free_port().to_string()),
        ("RABBITMQ_MNESIA_BASE", below("data")),
        ("RABBITMQ_LOG_BASE", below("log")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", below("enabled_plugins")),
        ("RABBITMQ_CONFIG_FILE", below("rabbitmq.conf")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", below("advanced.config")),
        ("RABBITMQ_GENERATED_CONFIG_DIR", below("generated")),
        ("RABBITMQ_SCHEMA_DIR", below("schema")),
        ("RABBITMQ_PID_FILE", below("pid")),
        ("RABBITMQ_LOG", "-color".into()),
        // The start script then becomes the node instead of staying its parent, so that a signal meets the node.
        ("RUNNING_UNDER_SYSTEMD", "true".into()),
        // Its epmd runs already; one started from here would be nobody's child.
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", format!("{LOOPBACK_ONLY} -start_epmd false +sbwt none")),
        ("RABBITMQ_CTL_ERL_ARGS", format!("{LOOPBACK_ONLY} -start_epmd false")),
    ]
}
