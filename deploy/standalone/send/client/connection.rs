//! One kept-alive HTTP/1.1 connection. The caller sets the time limits.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::{Failure, Target};

#[derive(Debug)]
pub struct Connection {
    requests: SendRequest<Full<Bytes>>,
    _driver: AbortOnDropHandle<()>,
}

impl Connection {
    pub async fn open(target: &Target) -> Result<Self, Failure> {
        let stream = TcpStream::connect(target.address()).await.map_err(|_| Failure::Connect)?;
        // A request is written at once; waiting for more to send would only delay it.
        stream.set_nodelay(true).map_err(|_| Failure::Connect)?;
        let (requests, driver) = handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Connect)?;
        let driver = tokio::spawn(async move {
            // An error of the connection is an error of the request on it, and is told there.
            let _ = driver.await;
        });
        Ok(Self { requests, _driver: AbortOnDropHandle::new(driver) })
    }

    /// Whether it can take another request: the server may have closed it since the last.
    pub async fn ready(&mut self) -> bool {
        self.requests.ready().await.is_ok()
    }

    /// Sends a request and reads the whole answer, so that the connection can be used again.
    pub async fn post(&mut self, request: Request<Full<Bytes>>) -> Result<StatusCode, Failure> {
        let answer = self.requests.send_request(request).await.map_err(|_| Failure::Broken)?;
        let status = answer.status();
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            frame.map_err(|_| Failure::Broken)?;
        }
        Ok(status)
    }
}
