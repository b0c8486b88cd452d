//! What a client sees of a broker.

use std::future::Future;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use lapin::options::QueueDeclareOptions;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties, ErrorKind};

const DEADLINE: Duration = Duration::from_secs(10);

/// What a queue says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// Messages ready for delivery.
    pub ready: u32,
    /// Consumers, among them those that are gone and whose messages have yet to be given back.
    pub consumers: u32,
}

/// Succeeds once the server takes connections.
pub(super) fn ping(url: &str) -> Result<()> {
    wait_for(async {
        let connection = connect(url).await?;
        close(connection).await
    })
}

/// What a queue says of itself; `None` if there is no such queue.
pub(super) fn queue_state(url: &str, queue: &str) -> Result<Option<QueueState>> {
    wait_for(async {
        let connection = connect(url).await?;
        let channel =
            tokio::time::timeout(DEADLINE, connection.create_channel()).await.context("channel")??;
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
    })
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
