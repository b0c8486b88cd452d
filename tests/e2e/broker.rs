//! What an operator does on the broker behind the program's back.

use std::time::Duration;

use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{QueueDeclareOptions, QueueDeleteOptions},
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
        for (name, max_length) in
            [(backends.inbox(), Some(max_length)), (format!("{}.dead", backends.namespace), None)]
        {
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

fn on_channel(backends: &Backends, work: impl AsyncFnOnce(&Channel)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let work = async {
        let connection =
            Connection::connect(&backends.queue_url, ConnectionProperties::default()).await.unwrap();
        // Dropping the channel would close it in the background, while the connection closes.
        let channel = connection.create_channel().await.unwrap();
        work(&channel).await;
        connection.close(200, "done".into()).await.unwrap();
    };
    let done = runtime.block_on(async { tokio::time::timeout(DEADLINE, work).await });
    assert!(done.is_ok(), "the broker did not answer within {DEADLINE:?}");
}
