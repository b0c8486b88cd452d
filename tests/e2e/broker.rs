//! What an operator does on the broker behind the program's back.

use std::time::Duration;

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{
        BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};

use crate::backends::Backends;

const DEADLINE: Duration = Duration::from_secs(30);

/// Deletes the inbox with all that is in it.
pub fn delete_inbox(backends: &Backends) {
    on_channel(backends, async |channel| {
        channel.queue_delete(backends.inbox().into(), QueueDeleteOptions::default()).await.unwrap();
    });
}

/// Makes the queues by hand, the inbox so that it takes only a few messages.
pub fn declare_small(backends: &Backends, max_length: i64) {
    on_channel(backends, async |channel| {
        for (name, max_length) in [(backends.inbox(), Some(max_length)), (backends.dead(), None)] {
            let mut arguments = FieldTable::default();
            arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
            arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
            if let Some(max_length) = max_length {
                arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(max_length));
            }
            channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments).await.unwrap();
        }
    });
}

/// Puts a message into the inbox.
pub fn publish(backends: &Backends, properties: BasicProperties, body: &[u8]) {
    publish_to(backends, &backends.inbox(), properties, body);
}

/// Puts a message into a queue.
pub fn publish_to(backends: &Backends, queue: &str, properties: BasicProperties, body: &[u8]) {
    publish_all(backends, [(queue.to_owned(), properties, body.to_vec())]);
}

/// Puts messages into their queues, one after the other.
pub fn publish_all(
    backends: &Backends,
    messages: impl IntoIterator<Item = (String, BasicProperties, Vec<u8>)>,
) {
    on_channel(backends, async |channel| {
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        for (queue, properties, body) in messages {
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let publish = channel.basic_publish("".into(), queue.into(), options, &body, properties);
            let confirmation = publish.await.unwrap().await.unwrap();
            assert!(confirmation.is_ack() && confirmation.take_message().is_none());
        }
    });
}

/// Takes a message out of a queue.
pub fn get(backends: &Backends, queue: &str) -> Option<(BasicProperties, Vec<u8>)> {
    on_channel(backends, async |channel| {
        let options = BasicGetOptions { no_ack: true };
        let message = channel.basic_get(queue.into(), options).await.unwrap()?;
        Some((message.properties.clone(), message.data.clone()))
    })
}

fn on_channel<T>(backends: &Backends, work: impl AsyncFnOnce(&Channel) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let work = async {
        let connection =
            Connection::connect(&backends.queue_url, ConnectionProperties::default()).await.unwrap();
        // Dropping the channel would close it in the background, while the connection closes.
        let channel = connection.create_channel().await.unwrap();
        let result = work(&channel).await;
        connection.close(200, "done".into()).await.unwrap();
        result
    };
    let done = runtime.block_on(async { tokio::time::timeout(DEADLINE, work).await });
    done.unwrap_or_else(|_| panic!("the broker did not answer within {DEADLINE:?}"))
}
