//! What stands for `tls` in a build without it: nothing can be configured, so nothing is ever called.

use std::{io, path::Path};

use tokio::net::TcpStream;

use crate::metrics::TlsMetrics;

/// There is none.
#[derive(Debug, Clone)]
pub(crate) enum Certificate {}

impl Certificate {
    pub(crate) fn read(_: &Path, _: &Path) -> Result<Self, String> {
        Err("TLS_CERT_FILE and TLS_KEY_FILE are set, but this build has no TLS (Cargo feature `tls`)"
            .to_owned())
    }

    pub(crate) fn acceptor(&self, _: TlsMetrics) -> anyhow::Result<TlsAcceptor> {
        match *self {}
    }

    pub(crate) async fn follow(self, _: TlsMetrics) {
        match self {}
    }
}

/// There is none.
#[derive(Clone)]
pub(crate) enum TlsAcceptor {}

/// There is none; a socket has the traits that are asked for.
pub(crate) type TlsStream = TcpStream;

impl TlsAcceptor {
    pub(crate) async fn accept(&self, _: TcpStream) -> io::Result<TlsStream> {
        match *self {}
    }
}
