//! Webhooks over TLS, without anything in front.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
};

use harness::{http::Connection, wait_until};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring, pki_types::CertificateDer,
};

use super::{BODY, ingest, metric};
use crate::{
    deployment::{Ingest, PATIENCE},
    signed::{headers, now, request},
};

/// A certificate of its own authority, and the files it is kept in.
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    trusted: CertificateDer<'static>,
}

impl Identity {
    fn new(hint: &str) -> Self {
        let folder = harness::scratch(hint);
        let CertifiedKey { cert, signing_key } = generate();
        let identity = Self {
            certificate: folder.join("tls.crt"),
            key: folder.join("tls.key"),
            trusted: cert.der().clone(),
        };
        identity.write(&cert.pem(), &signing_key);
        identity
    }

    fn write(&self, certificate: &str, key: &KeyPair) {
        fs::write(&self.key, key.serialize_pem()).unwrap();
        fs::write(&self.certificate, certificate).unwrap();
    }

    fn ingest(&self, hint: &str) -> Ingest {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        ingest(hint, &[("TLS_CERT_FILE", &path(&self.certificate)), ("TLS_KEY_FILE", &path(&self.key))])
    }
}

fn generate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["edge.example".to_owned()]).unwrap()
}

/// Posts one event as a client that trusts this certificate alone; the answer's first line, or why there is none.
fn post(address: SocketAddr, trusted: &CertificateDer<'static>, svix_id: &str) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let client = ClientConnection::new(Arc::new(config), "edge.example".try_into().unwrap()).unwrap();
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = StreamOwned::new(client, socket);
    stream.write_all(&request(&headers(svix_id, now(), BODY), BODY)).map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

fn accepted() -> Result<String, String> {
    Ok("HTTP/1.1 200 OK".to_owned())
}

#[test]
fn a_signed_event_is_accepted_over_tls_and_nothing_without() {
    let identity = Identity::new("tls");
    let ingest = identity.ingest("tls");
    assert_eq!(post(ingest.address, &identity.trusted, "msg_1"), accepted());

    let mut plain = Connection::open(ingest.address).deadline(PATIENCE);
    plain.send(request(&headers("msg_2", now(), BODY), BODY));
    assert!(plain.try_receive().is_err(), "no HTTP without TLS");
    assert_eq!(metric(&ingest, "tls_handshakes_failed_total"), 1.0);
    assert_eq!(post(ingest.address, &identity.trusted, "msg_3"), accepted());
    assert_eq!(metric(&ingest, r#"requests_total{outcome="accepted"}"#), 2.0);
}

#[test]
fn handshakes_that_stall_are_given_up_and_hold_up_nobody() {
    let identity = Identity::new("tls_stalled");
    let ingest = identity.ingest("tls_stalled");
    let mut stalled: Vec<_> = (0..100)
        .map(|number| {
            let mut connection = Connection::open(ingest.address).deadline(PATIENCE);
            connection.send(if number % 2 == 0 { "" } else { "\x16\x03\x01" });
            connection
        })
        .collect();
    assert_eq!(post(ingest.address, &identity.trusted, "msg_1"), accepted());
    for connection in &mut stalled {
        connection.wait_closed();
    }
    // A connection is closed a moment before it is counted.
    wait_until("all are counted", PATIENCE, || metric(&ingest, "tls_handshakes_failed_total") == 100.0);
}

#[test]
fn a_replaced_certificate_is_served_and_a_broken_one_is_not() {
    let identity = Identity::new("tls_replaced");
    let ingest = identity.ingest("tls_replaced");
    let reloads = |result: &str| metric(&ingest, &format!(r#"tls_reloads_total{{result="{result}"}}"#));
    assert_eq!(post(ingest.address, &identity.trusted, "msg_1"), accepted());

    // A certificate without its key, then no certificate at all: the first one stays.
    let renewed = generate();
    fs::write(&identity.certificate, renewed.cert.pem()).unwrap();
    wait_until("the mismatch is noticed", PATIENCE, || reloads("failed") == 1.0);
    fs::remove_file(&identity.certificate).unwrap();
    wait_until("the absence is noticed", PATIENCE, || reloads("failed") == 2.0);
    assert_eq!(post(ingest.address, &identity.trusted, "msg_2"), accepted());
    assert!(ingest.process.log().contains("the TLS certificate is not replaced"));

    // The key first: whatever is read between the two does not fit, or is the whole.
    identity.write(&renewed.cert.pem(), &renewed.signing_key);
    wait_until("the new one is taken up", PATIENCE, || reloads("reloaded") == 1.0);
    assert_eq!(post(ingest.address, renewed.cert.der(), "msg_3"), accepted());
    assert!(post(ingest.address, &identity.trusted, "msg_4").is_err(), "the first one is no longer served");
}
