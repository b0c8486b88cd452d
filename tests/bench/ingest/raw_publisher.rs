//! The limit on RabbitMQ: lapin with confirms, events from memory, and nothing else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use bytes::Bytes;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use crate::{
    common::Traffic,
    http_load::WARM_UP,
    sample::{Latency, Meter, Sample},
    variant::Setting,
};

const PERSISTENT: u8 = 2;

/// One connection with one channel, as the edge has.
pub struct RawPublisher {
    runtime: Runtime,
    connection: Connection,
    publishing: Arc<Publishing>,
}

/// What the tasks share.
struct Publishing {
    channel: Channel,
    queue: String,
    bodies: Vec<Bytes>,
    next: AtomicUsize,
}

impl RawPublisher {
    /// Connects to the broker at `url`.
    pub fn connect(url: &str, queue: String, traffic: &Traffic) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread().enable_all().build()?;
        let (connection, channel) = runtime.block_on(async {
            let connection = Connection::connect(url, ConnectionProperties::default()).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            anyhow::Ok((connection, channel))
        })?;
        let bodies = traffic.events.iter().map(|event| event.body.clone()).collect();
        let publishing = Publishing { channel, queue, bodies, next: AtomicUsize::new(0) };
        Ok(Self { runtime, connection, publishing: Arc::new(publishing) })
    }

    /// Measures it; also returns how many messages were confirmed, those of the warm-up included.
    pub fn run(&self, setting: &Setting<'_>, in_flight: usize, broker: u32) -> anyhow::Result<(Sample, u64)> {
        let warm_up = self.publish(in_flight, setting.duration / WARM_UP)?.len();
        let meter = Meter::start(None, Some(broker));
        let start = Instant::now();
        let latencies = self.publish(in_flight, setting.duration)?;
        let elapsed = start.elapsed();
        ensure!(!latencies.is_empty(), "nothing was confirmed");
        let confirmed = latencies.len() as u64;
        Ok((meter.sample(confirmed, elapsed, latency(latencies)), confirmed + warm_up as u64))
    }

    /// Closes in good order.
    pub fn close(self) -> anyhow::Result<()> {
        Ok(self.runtime.block_on(self.connection.close(200, "done".into()))?)
    }

    /// The time each message took, `in_flight` at once.
    fn publish(&self, in_flight: usize, time: Duration) -> anyhow::Result<Vec<Duration>> {
        let until = Instant::now() + time;
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..in_flight {
                tasks.spawn(self.publishing.clone().one_at_a_time(until));
            }
            let mut latencies = Vec::new();
            while let Some(done) = tasks.join_next().await {
                latencies.extend(done??);
            }
            Ok(latencies)
        })
    }
}

impl Publishing {
    async fn one_at_a_time(self: Arc<Self>, until: Instant) -> anyhow::Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        loop {
            let start = Instant::now();
            if start >= until {
                return Ok(latencies);
            }
            let body = &self.bodies[self.next.fetch_add(1, Ordering::Relaxed) % self.bodies.len()];
            let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
            let options = BasicPublishOptions::default();
            let queue = self.queue.as_str().into();
            match self.channel.basic_publish("".into(), queue, options, body, properties).await?.await? {
                Confirmation::Ack(None) => latencies.push(start.elapsed()),
                other => bail!("the broker did not confirm a message: {other:?}"),
            }
        }
    }
}

fn latency(mut latencies: Vec<Duration>) -> Latency {
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3;
    Latency { p50: at(50), p99: at(99), max: at(100) }
}
