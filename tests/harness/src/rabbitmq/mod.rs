//! A private RabbitMQ.

mod node;

use std::future::Future;
use std::process::Output;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use lapin::options::QueueDeclareOptions;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties, ErrorKind};

use self::node::Node;
use crate::{unique, wait_until};

const DEADLINE: Duration = Duration::from_secs(10);

/// What a queue says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// Messages ready for delivery.
    pub ready: u32,
    /// Consumers, among them those that are gone and whose messages have yet to be given back.
    pub consumers: u32,
}

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
        let node = Node::start()?;
        Ok(Self { url: node.url(), node: Some(node) })
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
        self.node.as_ref().expect("rabbitmqctl needs a private node").ctl(args)
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
        wait_for(queue_state(&self.url, queue)).unwrap_or_else(|error| panic!("queue {queue}: {error:#}"))
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
        self.private().stop();
    }

    /// Starts the private node again on its old data and port, and waits until it serves.
    ///
    /// # Errors
    /// If it does not start, with the tail of its log.
    ///
    /// # Panics
    /// If this is an existing server.
    pub fn restart(&mut self) -> Result<()> {
        self.private().restart()
    }

    /// The process ids of a private node and its epmd.
    pub fn pids(&self) -> Vec<u32> {
        self.node.as_ref().map(Node::pids).unwrap_or_default()
    }

    fn private(&mut self) -> &mut Node {
        self.node.as_mut().expect("only a private node can be stopped")
    }
}

/// Succeeds once the server takes connections.
async fn ping(url: &str) -> Result<()> {
    let connection = connect(url).await?;
    close(connection).await
}

async fn queue_state(url: &str, queue: &str) -> Result<Option<QueueState>> {
    let connection = connect(url).await?;
    let channel = tokio::time::timeout(DEADLINE, connection.create_channel()).await.context("channel")??;
    let options = QueueDeclareOptions { passive: true, ..Default::default() };
    let declare = channel.queue_declare(queue.into(), options, FieldTable::default());
    let answer = tokio::time::timeout(DEADLINE, declare).await.context("queue.declare")?;
    let state = match answer {
        Ok(queue) => Some(QueueState { ready: queue.message_count(), consumers: queue.consumer_count() }),
        Err(error) if is_not_found(&error) => None,
        Err(error) => return Err(error.into()),
    };
    close(connection).await?;
    Ok(state)
}

async fn connect(url: &str) -> Result<Connection> {
    let connect = Connection::connect(url, ConnectionProperties::default());
    Ok(tokio::time::timeout(DEADLINE, connect).await.context("connect")??)
}

async fn close(connection: Connection) -> Result<()> {
    let close = connection.close(200, "done".into());
    Ok(tokio::time::timeout(DEADLINE, close).await.context("close")??)
}

fn is_not_found(error: &lapin::Error) -> bool {
    let not_found = AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND);
    matches!(error.kind(), ErrorKind::ProtocolError(error) if *error.kind() == not_found)
}

/// Runs a future to its end on a thread of its own, so that sync and async tests may both call it.
fn wait_for<T: Send>(future: impl Future<Output = T> + Send) -> T {
    thread::scope(|scope| {
        let run = scope.spawn(|| {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_all().build().expect("a runtime").block_on(future)
        });
        run.join().expect("the future does not panic")
    })
}
