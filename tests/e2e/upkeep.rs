//! A worker keeps the ledger in order by itself; an operator can see it and do it.

use std::process::{Command, Output};

use harness::{binaries, psql, wait_until};
use serde_json::Value;

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker, metric},
    mirror::Mirror,
    signed::post,
};

fn command(backends: &Backends, args: &[&str]) -> Output {
    Command::new(&binaries().worker).args(args).env("DATABASE_URL", &backends.database_url).output().unwrap()
}

fn text(backends: &Backends, args: &[&str]) -> String {
    let output = command(backends, args);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn is_postgres(backends: &Backends) -> bool {
    backends.database_url.starts_with("postgres")
}

fn runs(worker: &Worker) -> f64 {
    metric(worker.admin, r#"clerk_mirror_worker_upkeep_runs_total{result="done"}"#).unwrap_or_default()
}

fn a_worker_keeps_the_ledger_in_order(backends: Backends) {
    let (ingest, worker) = (Ingest::start(&backends), Worker::start(&backends));
    wait_until("upkeep has run", PATIENCE, || runs(&worker) == 1.0);
    let made = metric(worker.admin, r#"clerk_mirror_worker_upkeep_partitions_total{action="made"}"#).unwrap();
    if is_postgres(&backends) {
        assert_eq!(made, 6.0);
        let log = worker.process.log();
        assert_eq!(log.matches("made a partition of the ledger").count(), 6, "{log}");
    } else {
        assert_eq!(made, 0.0);
    }

    let body = r#"{"data":{"id":"user_1","updated_at":1700000000000},"type":"user.created","timestamp":1700000000001}"#;
    assert_eq!(post(ingest.address, "msg_1", body.as_bytes()).status, 200);
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(1, PATIENCE);

    let stats: Value = serde_json::from_str(&text(&backends, &["stats", "--exact", "--json"])).unwrap();
    assert_eq!(stats["rows"], 2);
    let tables = stats["tables"].as_array().unwrap();
    let ledger = tables.iter().find(|table| table["table"] == "webhook_events").unwrap();
    assert_eq!(ledger["rows"], 1);
    let partitions = ledger["partitions"].as_array().map_or(0, Vec::len);
    assert_eq!(partitions, if is_postgres(&backends) { 7 } else { 0 });
    assert_eq!(stats["file_bytes"].is_number(), !is_postgres(&backends));
}
on_every_backend!(a_worker_keeps_the_ledger_in_order);

fn an_operator_keeps_the_ledger_in_order(backends: Backends) {
    assert!(command(&backends, &["migrate"]).status.success());
    let mut mirror = Mirror::open(&backends.database_url);
    let ledger = mirror.table("webhook_events");
    mirror.execute(&format!(
        "INSERT INTO {ledger} (svix_id, occurred_at, received_at, outcome)
         VALUES ('msg_1', '2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z', 'applied')"
    ));

    let kept = text(&backends, &["maintain", "--retention", "never"]);
    let made = if is_postgres(&backends) { 6 } else { 0 };
    assert_eq!(kept.matches("made webhook_events_").count(), made, "{kept}");
    assert_eq!(mirror.ledger_len(), 1);
    assert_eq!(text(&backends, &["maintain"]), "deleted 1 rows\n");
    assert_eq!(mirror.ledger_len(), 0);
    assert_eq!(text(&backends, &["maintain"]), "there was nothing to do\n");
    let nothing: Value = serde_json::from_str(&text(&backends, &["maintain", "--json"])).unwrap();
    assert_eq!((&nothing["deleted"], &nothing["unfinished"]), (&0.into(), &false.into()));

    let table = text(&backends, &["stats"]);
    let head = if is_postgres(&backends) { "ROWS (ESTIMATE)" } else { "ROWS  " };
    assert!(table.starts_with("TABLE ") && table.contains(head), "{table}");
    assert_eq!(table.contains("\n  webhook_events_default"), is_postgres(&backends), "{table}");
    assert!(table.contains("\nusers ") && table.contains("\ntotal "), "{table}");
    assert_eq!(table.contains("\nthe file: "), !is_postgres(&backends), "{table}");
}
on_every_backend!(an_operator_keeps_the_ledger_in_order);

#[test]
fn what_cannot_be_done_now_is_said_and_is_no_success() {
    use crate::backends::{Database, Queue};
    let backends = Backends::new(Queue::Sqlite, Database::Postgres, "postponed");
    assert!(command(&backends, &["migrate"]).status.success());
    let next_week = psql(
        &backends.database_url,
        "SELECT to_char(date_trunc('week', now() AT TIME ZONE 'UTC') + interval '7 days', 'YYYYMMDD')",
    );
    psql(&backends.database_url, &format!("CREATE TABLE clerk.webhook_events_{next_week} (mine text)"));
    let output = command(&backends, &["maintain"]);
    assert_eq!(output.status.code(), Some(1));
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(out.contains(&format!("postponed webhook_events_{next_week}: ")), "{out}");
    assert_eq!(error, "error: not everything could be done; try again later\n");

    let worker = Worker::start(&backends);
    let postponed = r#"clerk_mirror_worker_upkeep_runs_total{result="postponed"}"#;
    wait_until("the worker has tried too", PATIENCE, || metric(worker.admin, postponed) == Some(1.0));
    let log = worker.process.log();
    assert!(log.contains("cannot be done now") && log.contains(&next_week), "{log}");
}

#[test]
fn a_retention_that_would_forget_what_may_come_again_is_refused() {
    for args in [&["maintain", "--retention", "47h"][..], &["--retention", "47h"]] {
        let output = Command::new(&binaries().worker).args(args).env_clear().output().unwrap();
        assert_eq!(output.status.code(), Some(64));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("--retention") && error.contains("must be at least 2d"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn the_all_in_one_program_has_the_same_commands() {
    let folder = harness::scratch("commands");
    let run = |args: &[&str]| {
        let output =
            Command::new(&binaries().clerk_mirror).args(args).env_clear().current_dir(&folder).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    std::fs::create_dir(folder.join("clerk-mirror-data")).unwrap();
    run(&["migrate"]);
    assert_eq!(run(&["maintain"]), "there was nothing to do\n");
    assert!(run(&["stats"]).contains("the file: "));
    assert!(run(&["replay", "--dead"]).starts_with("selected           0\n"));
}
