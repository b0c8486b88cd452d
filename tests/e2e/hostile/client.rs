//! A client that sends what it is told to and keeps every byte that comes back.

use std::{future::pending, io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{sleep, timeout},
};

use super::exchange::{Ending, Exchange};
use crate::deployment::PATIENCE;

/// What came back on one connection.
#[derive(Debug)]
pub enum Received {
    /// All that the server sent before it closed.
    All(Vec<u8>),
    /// Nobody looked.
    Unread,
    /// The server has not closed for so long; until then it sent this.
    Open(Vec<u8>),
}

impl Received {
    /// Whatever was read.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::All(bytes) | Self::Open(bytes) => bytes,
            Self::Unread => b"",
        }
    }
}

/// Plays an exchange to its end.
pub async fn play(address: SocketAddr, exchange: &Exchange) -> io::Result<Received> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    if exchange.ending == Ending::Reset {
        stream.set_zero_linger()?;
    }
    let (reader, writer) = stream.into_split();
    if matches!(exchange.ending, Ending::Gone | Ending::Reset) {
        // Reunited, or else the connection would be shut down in good order.
        let writer = send(writer, exchange).await;
        drop(reader.reunite(writer));
        return Ok(Received::Unread);
    }
    let mut received = Vec::new();
    let closed = async {
        tokio::select! {
            biased;
            () = receive(reader, &mut received) => {}
            () = send_and_hold(writer, exchange) => {}
        }
    };
    let closed = timeout(PATIENCE, closed).await.is_ok();
    Ok(if closed { Received::All(received) } else { Received::Open(received) })
}

/// Reads until the server closes, or resets the connection because it was sent more than it has read.
async fn receive(mut reader: OwnedReadHalf, received: &mut Vec<u8>) {
    while matches!(reader.read_buf(received).await, Ok(1..)) {}
}

/// Sends all there is, unless the server closes first.
async fn send(mut writer: OwnedWriteHalf, exchange: &Exchange) -> OwnedWriteHalf {
    for piece in &exchange.pieces {
        if !piece.after.is_zero() {
            sleep(piece.after).await;
        }
        if writer.write_all(&piece.bytes).await.is_err() {
            break;
        }
    }
    writer
}

async fn send_and_hold(writer: OwnedWriteHalf, exchange: &Exchange) {
    let mut writer = send(writer, exchange).await;
    if exchange.ending == Ending::HalfClosed {
        // An error: the server has closed.
        let _ = writer.shutdown().await;
    }
    // Dropped before the server closes, it would be shut down.
    pending::<()>().await;
}
