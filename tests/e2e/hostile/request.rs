//! A request whose every byte can be changed.

use shared::signature::Secret;

use super::exchange::Event;
use crate::signed::SECRET;

pub const PATH: &str = "/webhooks/clerk";

/// A request in its parts.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    pub version: Vec<u8>,
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Event {
    /// What Svix would send in `svix-signature`.
    pub fn signature(&self) -> String {
        self.signature_by(SECRET)
    }

    /// The same with another secret.
    pub fn signature_by(&self, secret: &str) -> String {
        secret.parse::<Secret>().unwrap().sign(&self.id, self.timestamp, &self.body)
    }
}

impl Request {
    /// A request to the endpoint that lacks all but what HTTP asks for.
    pub fn post() -> Self {
        Self {
            method: b"POST".into(),
            target: PATH.into(),
            version: b"HTTP/1.1".into(),
            headers: vec![(b"Host".into(), b"edge.example".into())],
            body: Vec::new(),
        }
    }

    /// A signed request with its body and no word of how long it is.
    pub fn of(event: &Event) -> Self {
        Self { body: event.body.clone(), ..Self::post() }.signed(event)
    }

    /// Adds what shows that the event is signed.
    pub fn signed(self, event: &Event) -> Self {
        self.with("svix-id", &*event.id)
            .with("svix-timestamp", event.timestamp.to_string())
            .with("svix-signature", event.signature())
    }

    /// Adds a header.
    pub fn with(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Removes the headers of a name.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| !given.eq_ignore_ascii_case(name.as_bytes()));
        self
    }

    /// Says how long the body is.
    pub fn measured(self) -> Self {
        let length = self.body.len().to_string();
        self.with("Content-Length", length)
    }

    /// Asks for the connection to be closed after the answer.
    pub fn closing(self) -> Self {
        self.with("Connection", "close")
    }

    /// Announces a chunked body and replaces the body by these chunks.
    pub fn chunked(self, chunks: impl Into<Vec<u8>>) -> Self {
        Self { body: chunks.into(), ..self.with("Transfer-Encoding", "chunked") }
    }

    /// All up to the body.
    pub fn head(&self) -> Vec<u8> {
        let mut head = [&self.method[..], b" ", &self.target, b" ", &self.version, b"\r\n"].concat();
        for (name, value) in &self.headers {
            head.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// All of it.
    pub fn bytes(&self) -> Vec<u8> {
        [self.head(), self.body.clone()].concat()
    }
}
