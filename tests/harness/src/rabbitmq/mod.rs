//! Private RabbitMQs: one node, or a cluster of three.

mod client;
mod cluster;
mod epmd;
mod layout;
mod network;
mod node;

use std::process::Output;
use std::time::Duration;

use anyhow::Result;

pub use self::client::QueueState;
use self::client::queue_state;
pub use self::cluster::Cluster;
use self::node::Node;
use crate::{unique, wait_until};

/// A RabbitMQ server: a private node, ended on drop, or an existing one.
#[derive(Debug)]
pub struct RabbitMq {
    url: String,
    node: Option<Node>,
}

impl RabbitMq {
    /// Starts a private node in a new folder; user `guest`, default virtual host, no plugins.
    ///
    /// # Errors
    /// If it does not start, with the tail of its log.
    pub fn start() -> Result<Self> {
        let mut node = Node::new(&unique("cookie"))?;
        node.launch()?;
        node.wait_until_serving()?;
        Ok(Self { url: node.layout.url(), node: Some(node) })
    }

    /// The existing server at `url`, whose user may declare queues. They stay there.
    pub fn existing(url: impl Into<String>) -> Self {
        Self { url: url.into(), node: None }
    }

    /// Its `amqp://` URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A prefix for queue names that no other test uses.
    pub fn namespace(&self, hint: &str) -> String {
        unique(hint)
    }

    /// Runs `rabbitmqctl` against the private node. A call takes about a second.
    ///
    /// # Panics
    /// If this is an existing server.
    pub fn ctl(&self, args: &[&str]) -> Output {
        self.node.as_ref().expect("rabbitmqctl needs a private node").tool("rabbitmqctl", args)
    }

    /// The number of messages ready for delivery in a queue; `None` if there is no such queue.
    /// Asks the queue itself, so it is exact and takes milliseconds.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn queue_depth(&self, queue: &str) -> Option<u32> {
        self.queue_state(queue).map(|state| state.ready)
    }

    /// What a queue says of itself; `None` if there is no such queue.
    ///
    /// # Panics
    /// If the server does not answer.
    pub fn queue_state(&self, queue: &str) -> Option<QueueState> {
        queue_state(&self.url, queue).unwrap_or_else(|error| panic!("queue {queue}: {error:#}"))
    }

    /// Waits until a quorum queue that was just declared on the private node survives [`RabbitMq::kill9`].
    ///
    /// A node writes down which quorum queues it has up to some seconds after it has declared them. Killed before
    /// that, it comes back with an empty queue of that name: even confirmed messages are gone.
    ///
    /// # Panics
    /// If this is an existing server, or it takes more than a minute.
    pub fn wait_until_on_disk(&self, queue: &str) {
        let node = self.node.as_ref().expect("only a private node shows its files");
        wait_until("the queue is on disk", Duration::from_secs(60), || node.has_on_disk(queue));
    }

    /// Kills the private node with SIGKILL; its data stay, but see [`RabbitMq::wait_until_on_disk`].
    ///
    /// # Panics
    /// If this is an existing server.
    pub fn kill9(&mut self) {
        self.private().kill9();
    }

    /// Stops the private node as an operator does, with SIGTERM: it closes its connections and its queues first.
    ///
    /// # Panics
    /// If this is an existing server, or it does not stop.
    pub fn stop(&mut self) {
        self.private().stop().unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Starts the private node again on its old data and port, and waits until it serves.
    ///
    /// # Errors
    /// If it does not start, with the tail of its log.
    ///
    /// # Panics
    /// If this is an existing server.
    pub fn restart(&mut self) -> Result<()> {
        let node = self.private();
        node.kill9();
        node.launch()?;
        node.wait_until_serving()
    }

    /// The process ids of a private node and its epmd.
    pub fn pids(&self) -> Vec<u32> {
        self.node.as_ref().map(Node::pids).unwrap_or_default()
    }

    fn private(&mut self) -> &mut Node {
        self.node.as_mut().expect("only a private node can be stopped")
    }
}
