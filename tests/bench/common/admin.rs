//! The admin endpoints of the programs.

use std::net::{SocketAddr, TcpStream};

use harness::http::{self, Response};

/// The answer to a GET; `None` while nobody listens.
pub fn get(admin: SocketAddr, path: &str) -> Option<Response> {
    TcpStream::connect(admin).ok()?;
    Some(http::request(admin, format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")))
}
