//! The files, ports and environment of a node.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::free_port;
use crate::guardian::guardian;

const HOST: &str = "localhost";
const LOOPBACK_ONLY: &str = "-kernel inet_dist_use_interface {127,0,0,1}";

/// Where a node has its things.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) folder: PathBuf,
    pub(super) amqp_port: u16,
    pub(super) epmd_port: u16,
    /// Where other nodes connect to.
    pub(super) distribution_port: u16,
}

impl Layout {
    /// A new folder and ports. Nodes that share a cookie may talk to each other.
    pub(super) fn new(cookie: &str) -> Result<Self> {
        let layout = Self {
            folder: guardian().subfolder("rabbitmq"),
            amqp_port: free_port(),
            epmd_port: free_port(),
            distribution_port: free_port(),
        };
        let file = layout.folder.join(".erlang.cookie");
        fs::write(&file, cookie)?;
        fs::set_permissions(&file, Permissions::from_mode(0o400))?;
        fs::write(layout.folder.join("enabled_plugins"), "[].\n")?;
        layout.configure("")?;
        Ok(layout)
    }

    /// Writes the configuration, with some lines more than every node has.
    pub(super) fn configure(&self, more: &str) -> Result<()> {
        let configuration = format!(
            "listeners.tcp.default = 127.0.0.1:{}\n\
             disk_free_limit.absolute = 50MB\n\
             log.console = true\n\
             log.file = false\n\
             {more}",
            self.amqp_port
        );
        fs::write(self.folder.join("rabbitmq.conf"), configuration).context("rabbitmq.conf")
    }

    pub(super) fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp_port)
    }

    /// The node's name without its host.
    pub(super) fn short_name(&self) -> String {
        format!("clerk-mirror-{}", self.amqp_port)
    }

    pub(super) fn name(&self) -> String {
        format!("{}@{HOST}", self.short_name())
    }

    /// All that the node remembers.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where the node writes down which quorum queues it has.
    pub(super) fn quorum_queues(&self) -> PathBuf {
        self.data().join(self.name()).join("quorum").join(self.name()).join("names.dets")
    }

    /// The whole environment of the node and its tools: all that is not named here would come from /etc and /var.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let below = |name: &str| self.folder.join(name).display().to_string();
        vec![
            ("PATH", env::var("PATH").unwrap_or_default()),
            ("LANG", "C.UTF-8".into()),
            // The cookie is read from there.
            ("HOME", self.folder.display().to_string()),
            ("ERL_EPMD_PORT", self.epmd_port.to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null".into()),
            ("RABBITMQ_NODENAME", self.name()),
            ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".into()),
            ("RABBITMQ_NODE_PORT", self.amqp_port.to_string()),
            ("RABBITMQ_DIST_PORT", self.distribution_port.to_string()),
            ("RABBITMQ_MNESIA_BASE", self.data().display().to_string()),
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
}
