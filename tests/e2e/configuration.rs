//! Bad configuration is one clear line and exit code 64, before any port is bound.

use std::process::{Command, Output};

use harness::binaries;

use crate::signed::SECRET;

const GOOD_QUEUE: (&str, &str) = ("QUEUE_URL", "sqlite:never-made.db");
const GOOD_SECRET: (&str, &str) = ("CLERK_WEBHOOK_SECRET", SECRET);

fn run(program: &std::path::Path, vars: &[(&str, &str)]) -> Output {
    Command::new(program).env_clear().envs(vars.iter().copied()).output().unwrap()
}

#[track_caller]
fn assert_refused(output: &Output, words: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains(words), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn ingest_refuses_what_cannot_work() {
    let ingest = |vars: &[(&str, &str)]| run(&binaries().ingest, vars);
    assert_refused(&ingest(&[GOOD_QUEUE]), "CLERK_WEBHOOK_SECRET");
    assert_refused(&ingest(&[GOOD_SECRET]), "QUEUE_URL");
    assert_refused(
        &ingest(&[GOOD_SECRET, ("QUEUE_URL", "sqlite:/nowhere/queue.db")]),
        "does not exist: /nowhere",
    );
    assert_refused(&ingest(&[GOOD_QUEUE, ("CLERK_WEBHOOK_SECRET", "hunter2!")]), "not `whsec_`");
    assert_refused(&ingest(&[GOOD_QUEUE, ("CLERK_WEBHOOK_SECRET_FILE", "/nowhere")]), "/nowhere");
    assert_refused(&ingest(&[GOOD_SECRET, ("QUEUE_URL", "redis://u:hunter2@x")]), "begins with amqp://");
    assert_refused(&ingest(&[GOOD_SECRET, GOOD_QUEUE, ("LISTEN", "nonsense")]), "--listen");
    assert_refused(&ingest(&[GOOD_SECRET, GOOD_QUEUE, ("BODY_LIMIT", "7")]), "--body-limit");
    assert_refused(&ingest(&[GOOD_SECRET, GOOD_QUEUE, ("LOG", "=x=")]), "log filter");
    assert_refused(
        &ingest(&[GOOD_SECRET, GOOD_QUEUE, ("DRAIN_DELAY", "25s")]),
        "DRAIN_DELAY (25s) must be less than SHUTDOWN_TIMEOUT (25s)",
    );
    assert_refused(
        &ingest(&[GOOD_SECRET, GOOD_QUEUE, ("CLERK_WEBHOOK_SECRET_FILE", "x")]),
        "CLERK_WEBHOOK_SECRET and CLERK_WEBHOOK_SECRET_FILE are both set",
    );
    let many = vec![SECRET; 17].join(",");
    assert_refused(&ingest(&[GOOD_QUEUE, ("CLERK_WEBHOOK_SECRET", &many)]), "at most 16");
}

#[test]
fn the_edge_refuses_lists_and_certificates_it_cannot_use() {
    let ingest =
        |vars: &[(&str, &str)]| run(&binaries().ingest, &[&[GOOD_SECRET, GOOD_QUEUE], vars].concat());
    assert_refused(&ingest(&[("ALLOW_FROM", "192.0.2.1,192.0.2.0/33")]), "`192.0.2.0/33`");
    assert_refused(&ingest(&[("ALLOW_FROM", "")]), "--allow-from");
    assert_refused(&ingest(&[("ALLOW_FROM", "::1"), ("TRUSTED_PROXIES", "lb.example")]), "`lb.example`");
    assert_refused(&ingest(&[("TRUSTED_PROXIES", "10.0.0.0/8")]), "without ALLOW_FROM");
    assert_refused(&ingest(&[("BODY_MEMORY", "1000")]), "BODY_MEMORY is less than BODY_LIMIT");
    assert_refused(&ingest(&[("MAX_CONNECTIONS", "0")]), "--max-connections");

    let folder = harness::scratch("certificates");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let pair = || rcgen::generate_simple_self_signed(["edge.example".to_owned()]).unwrap();
    let (one, other) = (pair(), pair());
    let certificate = write("tls.crt", &one.cert.pem());
    let (key, other_key) = (
        write("tls.key", &one.signing_key.serialize_pem()),
        write("other.key", &other.signing_key.serialize_pem()),
    );
    let tls = |certificate: &str, key: &str| ingest(&[("TLS_CERT_FILE", certificate), ("TLS_KEY_FILE", key)]);
    assert_refused(&ingest(&[("TLS_CERT_FILE", &certificate)]), "set both or neither");
    assert_refused(&ingest(&[("TLS_KEY_FILE", &key)]), "set both or neither");
    assert_refused(&tls("/nowhere", &key), "TLS_CERT_FILE: /nowhere");
    assert_refused(&tls(&certificate, "/nowhere"), "TLS_KEY_FILE: /nowhere");
    assert_refused(&tls(&key, &key), "holds no certificate");
    assert_refused(&tls(&certificate, &certificate), "holds no private key");
    assert_refused(&tls(&certificate, &other_key), "do not fit");
}

#[test]
fn worker_refuses_what_cannot_work() {
    let worker = |vars: &[(&str, &str)]| run(&binaries().worker, vars);
    let database = ("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/x");
    assert_refused(&worker(&[GOOD_QUEUE]), "DATABASE_URL");
    assert_refused(&worker(&[database]), "QUEUE_URL");
    assert_refused(
        &worker(&[GOOD_QUEUE, ("DATABASE_URL", "mysql://u:hunter2@x/y")]),
        "must begin with postgres://",
    );
    assert_refused(&worker(&[GOOD_QUEUE, database, ("LANES", "0")]), "--lanes");
    assert_refused(&worker(&[GOOD_QUEUE, database, ("CLERK_WEBHOOK_SECRET", "?")]), "not `whsec_`");
}

#[test]
fn help_teaches_and_is_no_error() {
    for program in [&binaries().clerk_mirror, &binaries().ingest, &binaries().worker] {
        let output = Command::new(program).arg("--help").env_clear().output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("QUEUE_URL"));
    }
}
