//! One connection with one channel, made and closed under timeouts.

use std::{error::Error, time::Duration};

use futures_util::Stream;
use lapin::{Channel, Connection, ConnectionProperties, Event, options::ConfirmSelectOptions};
use tokio::time::timeout;

use super::{BrokerUrl, Topology};
use crate::queue::QueueError;

/// How long a broker may take until it is ready for use.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CHANNEL_TIMEOUT: Duration = Duration::from_secs(5);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection that is ready for use, its queues declared.
pub(super) struct Connected {
    url: BrokerUrl,
    connection: Connection,
    pub(super) channel: Channel,
}

impl Connected {
    /// Connects to `url` and declares the queues.
    pub(super) async fn open(
        url: &BrokerUrl,
        topology: &Topology,
        name: &'static str,
    ) -> Result<Self, QueueError> {
        Self::open_within(CONNECT_TIMEOUT, url, topology, name).await
    }

    /// Connects to `url` and declares the queues, if that takes no longer than `limit`.
    pub(super) async fn open_within(
        limit: Duration,
        url: &BrokerUrl,
        topology: &Topology,
        name: &'static str,
    ) -> Result<Self, QueueError> {
        let connected = async {
            url.reach().await?;
            let properties = ConnectionProperties::default().with_connection_name(name.into());
            let connection = Connection::connect_uri(url.uri(), properties).await?;
            let channel = connection.create_channel().await?;
            topology.declare(&channel).await?;
            Ok::<_, Box<dyn Error + Send + Sync>>(Self { url: url.clone(), connection, channel })
        };
        match timeout(limit, connected).await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(error)) => Err(QueueError(format!("{url}: {}", one_line(&*error)))),
            Err(_) => Err(QueueError(format!("{url}: no answer within {limit:?}"))),
        }
    }

    /// Asks for a confirm of every message published from now on.
    pub(super) async fn request_confirms(&self) -> Result<(), QueueError> {
        self.in_time(self.channel.confirm_select(ConfirmSelectOptions::default())).await
    }

    /// Goes on with another channel, in confirm mode. The one before closes once nobody uses it any more.
    pub(super) async fn renew_channel(&mut self) -> Result<(), QueueError> {
        self.channel = self.in_time(self.connection.create_channel()).await?;
        self.request_confirms().await
    }

    /// What happens to the connection from now on.
    pub(super) fn events(&self) -> impl Stream<Item = Event> + Send + Unpin + 'static {
        Box::pin(self.connection.events_listener())
    }

    /// Closes in good order if the broker still answers.
    pub(super) async fn close(&self) {
        let _ = timeout(CLOSE_TIMEOUT, self.connection.close(200, "done".into())).await;
    }

    async fn in_time<T>(&self, work: impl Future<Output = lapin::Result<T>>) -> Result<T, QueueError> {
        let failure = match timeout(CHANNEL_TIMEOUT, work).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => explain(&error),
            Err(_) => format!("no answer within {CHANNEL_TIMEOUT:?}"),
        };
        Err(QueueError(format!("{}: {failure}", self.url)))
    }
}

/// An error in words that an operator can act on.
pub(super) fn explain(error: &lapin::Error) -> String {
    one_line(error)
}

fn one_line(error: &dyn Error) -> String {
    error.to_string().replace('\n', " ")
}
