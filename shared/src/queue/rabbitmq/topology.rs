//! The queues on the broker.

use lapin::{
    Channel,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::queue::{Declare, metrics::Backlog};

/// How often a message may come back before it counts as one that kills workers.
const DELIVERY_LIMIT: i64 = 20;
/// A dead letter may come back for as long as it takes: where nothing is declared, RabbitMQ 4 drops it after 20 times.
/// "Without a limit" (-1) is refused by RabbitMQ 3.
const DEAD_DELIVERY_LIMIT: i64 = i32::MAX as i64;

/// The queues of one namespace.
#[derive(Debug, Clone)]
pub struct Topology {
    /// What the edge publishes to and the workers consume.
    pub(super) inbox: String,
    /// Where the broker puts what was delivered too often.
    pub(super) dead: String,
    declare: Declare,
}

impl Topology {
    pub(in crate::queue) fn new(namespace: &str, declare: Declare) -> Self {
        Self { inbox: format!("{namespace}.inbox"), dead: format!("{namespace}.dead"), declare }
    }

    /// Makes sure that both queues are there, before anything is published or consumed.
    pub(super) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        self.declare_one(channel, &self.dead, limited(DEAD_DELIVERY_LIMIT)).await?;
        let mut arguments = limited(DELIVERY_LIMIT);
        let text = |value: &str| AMQPValue::LongString(value.into());
        arguments.insert("x-dead-letter-exchange".into(), text(""));
        arguments.insert("x-dead-letter-routing-key".into(), text(&self.dead));
        // At least once needs reject-publish: without it RabbitMQ takes the declaration and dead-letters at most once.
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
        arguments.insert("x-overflow".into(), text("reject-publish"));
        self.declare_one(channel, &self.inbox, arguments).await
    }

    /// How many messages wait in each, without those that somebody holds.
    pub(super) async fn waiting(&self, channel: &Channel) -> lapin::Result<Backlog> {
        let waiting = async |name: &str| {
            let options = QueueDeclareOptions { passive: true, ..Default::default() };
            let queue = channel.queue_declare(name.into(), options, FieldTable::default()).await?;
            lapin::Result::Ok(i64::from(queue.message_count()))
        };
        Ok(Backlog { inbox: waiting(&self.inbox).await?, dead: waiting(&self.dead).await? })
    }

    async fn declare_one(
        &self,
        channel: &Channel,
        name: &str,
        mut arguments: FieldTable,
    ) -> lapin::Result<()> {
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        let options = QueueDeclareOptions {
            passive: self.declare == Declare::Passive,
            durable: true,
            ..Default::default()
        };
        channel.queue_declare(ShortString::from(name), options, arguments).await.map(drop)
    }
}

fn limited(deliveries: i64) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(deliveries));
    arguments
}
