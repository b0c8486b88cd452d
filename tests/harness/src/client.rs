//! A keep-alive connection on which every request comes to something, whatever fails.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::Frame;

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered.
    Answered {
        /// The status code.
        status: u16,
        /// The body as text.
        body: String,
    },
    /// Sent, or a part of it, and not answered: the connection failed, or nothing came in time.
    Unanswered,
}

impl Outcome {
    /// Whether the answer was a 2xx.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Answered { status: 200..300, .. })
    }
}

/// A connection to a server, opened again when it has failed. Each request is sent once and never again.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    open: Option<TcpStream>,
}

impl Client {
    /// To the server at this address; not connected yet.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, open: None }
    }

    /// Makes sure that there is a connection; false if it cannot be made.
    pub async fn connect(&mut self) -> bool {
        // The server may have closed it since the last answer.
        if self.open.as_ref().is_some_and(is_silent) {
            return true;
        }
        self.open = match TcpStream::connect(self.address).await {
            Ok(stream) if stream.set_nodelay(true).is_ok() => Some(stream),
            _ => None,
        };
        self.open.is_some()
    }

    /// Sends a request (head and body). Without a connection nobody answers.
    pub async fn send(&mut self, request: &[u8], deadline: Duration) -> Outcome {
        let Some(mut stream) = self.open.take() else { return Outcome::Unanswered };
        match timeout(deadline, exchange(&mut stream, request)).await {
            Ok(Ok(answered)) => {
                self.open = Some(stream);
                answered
            }
            Ok(Err(_)) | Err(_) => Outcome::Unanswered,
        }
    }
}

/// Whether the connection is open and nothing has arrived that nobody asked for.
fn is_silent(stream: &TcpStream) -> bool {
    stream.try_read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// One request and its whole answer.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> io::Result<Outcome> {
    stream.write_all(request).await?;
    let mut received = Vec::with_capacity(512);
    loop {
        if stream.read_buf(&mut received).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let Some(frame) = Frame::parse(&received)? else { continue };
        let Some(length) = frame.body else {
            return Err(io::Error::new(ErrorKind::InvalidData, "an answer that ends the connection"));
        };
        if received.len() >= frame.head + length {
            let body = String::from_utf8_lossy(&received[frame.head..]).into_owned();
            return Ok(Outcome::Answered { status: frame.status, body });
        }
    }
}
