//! Giving each delivery of a group a message of its own.
//!
//! The broker counts how often it delivers a message, and takes out one that kills every worker it meets. It can only take
//! out the whole message: so before it comes to that, the deliveries of a group part, and only the one that kills workers is
//! taken out.

use std::time::Duration;

use futures_util::future::try_join_all;
use lapin::{Confirmation, options::BasicPublishOptions};
use tokio::time::timeout;

use crate::{
    delivery::Delivery,
    queue::{
        QueueError,
        rabbitmq::{BrokerUrl, Connected, Topology, explain, message},
    },
};

const PUBLISH_TIMEOUT: Duration = Duration::from_secs(5);

/// Puts each delivery into the inbox as a plain message. `Ok` means that all are confirmed.
///
/// On a connection of its own: where the broker blocks publishers, it would stop reading acknowledgements too.
pub(super) async fn split(
    url: &BrokerUrl,
    topology: &Topology,
    deliveries: &[Delivery],
) -> Result<(), QueueError> {
    let connected = Connected::open(url, topology, "clerk-mirror worker (splitting)").await?;
    let published = async {
        connected.request_confirms().await?;
        let publishing =
            try_join_all(deliveries.iter().map(|delivery| publish(&connected, topology, delivery)));
        timeout(PUBLISH_TIMEOUT, publishing)
            .await
            .map_err(|_| QueueError(format!("no confirm within {PUBLISH_TIMEOUT:?}")))?
    };
    let result = published.await;
    connected.close().await;
    result.map(drop)
}

async fn publish(connected: &Connected, topology: &Topology, delivery: &Delivery) -> Result<(), QueueError> {
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let (queue, properties) = (topology.inbox.as_str().into(), message::properties(delivery));
    let confirmed = async {
        connected.channel.basic_publish("".into(), queue, options, &delivery.body, properties).await?.await
    };
    match confirmed.await {
        Ok(Confirmation::Ack(None)) => Ok(()),
        Ok(other) => Err(QueueError(format!("not confirmed: {other:?}"))),
        Err(error) => Err(QueueError(explain(&error))),
    }
}
