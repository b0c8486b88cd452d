//! The address of a broker.

use std::{fmt, io};

use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::net::TcpStream;

use crate::queue::InvalidQueueUrl;

/// A dead peer is noticed after two missed heartbeats.
const HEARTBEAT_SECONDS: u16 = 10;
/// The least that every broker takes. The buffers of a connection are 32 times as large, in either direction.
const FRUGAL_FRAME: u32 = 8192;

/// One broker's URL. Its `Display` shows no credentials.
#[derive(Clone)]
pub struct BrokerUrl(AMQPUri);

impl BrokerUrl {
    pub(in crate::queue) fn parse(text: &str) -> Result<Self, InvalidQueueUrl> {
        if !text.starts_with("amqp://") && !text.starts_with("amqps://") {
            return Err(InvalidQueueUrl("a queue URL begins with amqp://, amqps:// or sqlite:".into()));
        }
        // The parser's own messages may repeat a part of the URL, and so of the password.
        let mut uri: AMQPUri = text
            .parse()
            .map_err(|_| InvalidQueueUrl("a queue URL is not amqp://USER:PASSWORD@HOST:PORT/VHOST".into()))?;
        if uri.scheme == AMQPScheme::AMQPS && !cfg!(feature = "amqps") {
            return Err(InvalidQueueUrl("amqps:// needs a build with the feature `amqps`".into()));
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(Self(uri))
    }

    /// The same broker, for a connection on which little travels: it takes megabytes less.
    pub(super) fn frugal(&self) -> Self {
        let mut uri = self.0.clone();
        uri.query.frame_max = Some(FRUGAL_FRAME);
        Self(uri)
    }

    pub(super) fn uri(&self) -> AMQPUri {
        self.0.clone()
    }

    /// Whether anybody is there to be connected to. To be asked first, because lapin (4.12) keeps a task for ever for each
    /// connection that nobody accepts: a broker that is away would cost memory with every attempt.
    pub(super) async fn reach(&self) -> io::Result<()> {
        let authority = &self.0.authority;
        TcpStream::connect(format!("{}:{}", authority.host, authority.port)).await.map(drop)
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri { scheme, authority, vhost, .. } = &self.0;
        write!(f, "{scheme}://{}:{}/{}", authority.host, authority.port, vhost.replace('/', "%2f"))
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
