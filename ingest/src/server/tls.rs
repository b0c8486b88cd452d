//! TLS with a certificate that can be replaced while the edge runs.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{
    net::TcpStream,
    sync::Semaphore,
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tokio_rustls::{
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
    server,
};

use crate::metrics::TlsMetrics;

/// What the settings are called, for messages.
const CERTIFICATE: &str = "TLS_CERT_FILE";
const KEY: &str = "TLS_KEY_FILE";

/// A client's stream inside TLS.
pub(crate) type TlsStream = Box<server::TlsStream<TcpStream>>;

/// How often the files are looked at. Their times are not trusted: Kubernetes swaps a link in the path.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// How many handshakes are under way at once. It bounds the memory of the unfinished; it is high because a handshake
/// that stalls keeps its turn until it is given up.
const HANDSHAKES: usize = 1024;

/// How long a handshake may take, the wait for its turn included.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The files of a certificate chain and its key, and what they held when they were read.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    files: Files,
    read: Arc<Pem>,
    current: Arc<Current>,
}

impl Certificate {
    /// Reads both files. The error is one line that names the file at fault.
    pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let pem = files.read()?;
        let current = ArcSwap::from_pointee(files.parse(&pem)?);
        Ok(Self { files, read: Arc::new(pem), current: Arc::new(Current(current)) })
    }

    /// What accepts connections with the certificate that is current when they come.
    pub(crate) fn acceptor(&self, metrics: TlsMetrics) -> anyhow::Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor {
            acceptor: tokio_rustls::TlsAcceptor::from(Arc::new(config)),
            turns: Arc::new(Semaphore::new(HANDSHAKES)),
            metrics,
        })
    }

    /// Takes up what is in the files whenever that changes, for ever. A pair that cannot be used is reported once,
    /// and the one before it stays in force.
    pub(crate) async fn follow(self, metrics: TlsMetrics) {
        let mut seen = Ok(self.read);
        loop {
            sleep(RELOAD_EVERY).await;
            let files = self.files.clone();
            let Ok(read) = spawn_blocking(move || files.read().map(Arc::new)).await else { return };
            if read == seen {
                continue;
            }
            seen = read;
            match seen.as_ref().map_err(String::clone).and_then(|pem| self.files.parse(pem)) {
                Ok(certified) => {
                    self.current.0.store(Arc::new(certified));
                    metrics.reloaded.inc();
                    tracing::info!("the TLS certificate is replaced");
                }
                Err(error) => {
                    metrics.reload_failed.inc();
                    tracing::error!(error, "the TLS certificate is not replaced");
                }
            }
        }
    }
}

/// The certificate in force.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// The files' contents.
#[derive(PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl fmt::Debug for Pem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pem")
    }
}

impl Files {
    fn read(&self) -> Result<Pem, String> {
        let read = |setting, path: &Path| {
            fs::read(path).map_err(|error| format!("{setting}: {}: {error}", path.display()))
        };
        Ok(Pem { certificate: read(CERTIFICATE, &self.certificate)?, key: read(KEY, &self.key)? })
    }

    fn parse(&self, pem: &Pem) -> Result<CertifiedKey, String> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem.certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{CERTIFICATE}: {}: {error}", self.certificate.display()))?;
        if chain.is_empty() {
            return Err(format!("{CERTIFICATE}: {} holds no certificate in PEM", self.certificate.display()));
        }
        let key = PrivateKeyDer::from_pem_slice(&pem.key)
            .map_err(|error| format!("{KEY}: {} holds no private key in PEM: {error}", self.key.display()))?;
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| {
            format!("{CERTIFICATE} and {KEY} do not fit: {}: {error}", self.certificate.display())
        })
    }
}

/// Does the server's side of handshakes.
#[derive(Clone)]
pub(crate) struct TlsAcceptor {
    acceptor: tokio_rustls::TlsAcceptor,
    turns: Arc<Semaphore>,
    metrics: TlsMetrics,
}

impl TlsAcceptor {
    pub(crate) async fn accept(&self, socket: TcpStream) -> io::Result<TlsStream> {
        let handshake = async {
            let _turn = self.turns.acquire().await.map_err(io::Error::other)?;
            self.acceptor.accept(socket).await
        };
        let accepted =
            timeout(HANDSHAKE_TIMEOUT, handshake).await.unwrap_or_else(|elapsed| Err(elapsed.into()));
        accepted.map(Box::new).inspect_err(|error| {
            self.metrics.handshakes_failed.inc();
            tracing::debug!(error = %error, "no TLS");
        })
    }
}
