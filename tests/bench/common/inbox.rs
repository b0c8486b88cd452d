//! A queue of one measurement's own on the broker.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use harness::{RabbitMq, wait_until_async};
use lapin::{Connection, ConnectionProperties, options::QueueDeleteOptions};
use shared::{
    lifecycle::Process,
    queue::{Declare, PublishLimits, Publisher, QueueConfig, open_publisher},
};
use tokio::runtime::{Builder, Runtime};

const DEADLINE: Duration = Duration::from_secs(30);
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// The queues of a namespace of its own.
pub struct Inbox<'a> {
    pub broker: &'a RabbitMq,
    pub namespace: String,
    runtime: Runtime,
}

impl<'a> Inbox<'a> {
    /// Declares new ones, as the programs do.
    pub fn declare(broker: &'a RabbitMq) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let inbox = Self { broker, namespace: broker.namespace("bench"), runtime };
        inbox.publish(async |_| Ok(()))?;
        Ok(inbox)
    }

    /// The name of the queue.
    pub fn name(&self) -> String {
        format!("{}.inbox", self.namespace)
    }

    /// Lends the publishing end.
    pub fn publish(
        &self,
        work: impl AsyncFnOnce(Arc<dyn Publisher>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let process = Process::new();
            let config = QueueConfig::new(self.broker.url(), &self.namespace, Declare::Active)?;
            let publisher =
                open_publisher(&config, PublishLimits::default(), process.readiness.check("queue"))?;
            wait_until_async("the broker takes messages", DEADLINE, async || {
                process.readiness.report().ready
            })
            .await;
            let worked = work(publisher.clone()).await;
            publisher.close().await;
            worked
        })
    }

    fn depth(&self) -> anyhow::Result<u64> {
        self.broker.queue_depth(&self.name()).map(u64::from).context("the queue is gone")
    }

    /// Removes the queues, if they hold exactly `expected` messages.
    pub fn close(self, expected: u64) -> anyhow::Result<()> {
        let mut held = self.depth()?;
        let start = Instant::now();
        // The broker may still be working on the last acknowledgements.
        while held != expected && start.elapsed() < SETTLED_AFTER {
            thread::sleep(Duration::from_millis(50));
            held = self.depth()?;
        }
        if held != expected {
            bail!("events were lost or doubled: the queue holds {held} messages instead of {expected}");
        }
        self.runtime.block_on(async {
            let connection = Connection::connect(self.broker.url(), ConnectionProperties::default()).await?;
            let channel = connection.create_channel().await?;
            for name in [self.name(), format!("{}.dead", self.namespace)] {
                channel.queue_delete(name.into(), QueueDeleteOptions::default()).await?;
            }
            Ok(connection.close(200, "done".into()).await?)
        })
    }
}
