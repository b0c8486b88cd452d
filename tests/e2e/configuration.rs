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
