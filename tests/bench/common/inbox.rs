//! A queue of one measurement's own on the broker.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use harness::{RabbitMq, wait_until, wait_until_async};
use lapin::{Connection, ConnectionProperties, options::QueueDeleteOptions};
use shared::{
    lifecycle::Process,
    queue::{
        ConsumerMetrics, Declare, PublishLimits, Publisher, PublisherMetrics, QueueConfig, open_consumer,
        open_publisher,
    },
};
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};

const DEADLINE: Duration = Duration::from_secs(30);
const STALLED_AFTER: Duration = Duration::from_secs(10);
/// Messages, each of up to 96 KiB.
const PREFETCH: usize = 500;
const BATCH: usize = 5000;

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
            let publisher = open_publisher(
                &self.config()?,
                PublishLimits::default(),
                PublisherMetrics::register(&process.registry)?,
                process.readiness.check("queue"),
            )?;
            wait_until_async("the broker takes messages", DEADLINE, async || {
                process.readiness.report().ready
            })
            .await;
            let worked = work(publisher.clone()).await;
            publisher.close().await;
            worked
        })
    }

    fn config(&self) -> anyhow::Result<QueueConfig> {
        Ok(QueueConfig::new(self.broker.url(), &self.namespace, Declare::Active)?)
    }

    /// Takes out `expected` events, or as many as come.
    fn take(&self, expected: u64) -> anyhow::Result<u64> {
        self.runtime.block_on(async {
            let process = Process::new();
            let metrics = ConsumerMetrics::start(&process.registry)?;
            let check = process.readiness.check("queue");
            let mut consumer =
                open_consumer(&self.config()?, PREFETCH, metrics, check, process.shutdown.clone())?;
            let mut taken = 0;
            while taken < expected {
                let Ok(Some(batch)) = timeout(STALLED_AFTER, consumer.receive(BATCH)).await else { break };
                taken += batch.deliveries.len() as u64;
                batch.receipt.acknowledge().await?;
            }
            consumer.close().await;
            Ok(taken)
        })
    }

    /// Removes the queues, if they held exactly `expected` events.
    pub fn close(self, expected: u64) -> anyhow::Result<()> {
        let taken = self.take(expected)?;
        if taken != expected {
            bail!("events were lost or doubled: the queue held {taken} or more instead of {expected}");
        }
        // The broker may still be working on the last acknowledgements.
        let name = self.name();
        wait_until("the queue holds no more than was expected", DEADLINE, || {
            self.broker.queue_depth(&name) == Some(0)
        });
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
