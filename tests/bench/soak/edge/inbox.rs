//! A queue that never fills the disk: the broker itself drops the oldest message for each new one.

use lapin::{
    Connection, ConnectionProperties,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
};

/// What the names of the queues begin with.
pub const NAMESPACE: &str = "soak";
const MOST_MESSAGES: i64 = 10_000;

/// Makes the queues by hand; returns the name of the inbox.
#[tokio::main]
pub async fn declare(url: &str) -> anyhow::Result<String> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let inbox = format!("{NAMESPACE}.inbox");
    for name in [&inbox, &format!("{NAMESPACE}.dead")] {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("drop-head".into()));
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(MOST_MESSAGES));
        channel.queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), arguments).await?;
    }
    connection.close(200, "done".into()).await?;
    Ok(inbox)
}
