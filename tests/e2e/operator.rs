//! What an operator sees of the ledger.

use std::process::{Command, Output};

use harness::binaries;
use serde_json::Value;

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker},
    mirror::Mirror,
    signed::post,
};

fn worker(backends: &Backends, args: &[&str]) -> Output {
    Command::new(&binaries().worker).args(args).env("DATABASE_URL", &backends.database_url).output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn the_ledger_is_listed_filtered_and_shown(backends: Backends) {
    let (ingest, _worker) = (Ingest::start(&backends), Worker::start(&backends));
    let mut mirror = Mirror::open(&backends.database_url);
    // One after the other: the listing is by the time of receipt.
    for (index, (id, body)) in [
        ("msg_a", r#"{"data":{"id":"user_1","updated_at":1700000000000},"type":"user.created","timestamp":1700000000001}"#),
        ("msg_b", r#"{"data":{"id":"user_1","updated_at":1600000000000},"type":"user.updated","timestamp":1600000000001}"#),
        ("msg_c", r#"{"data":{"id":"x"},"type":"user.banned","timestamp":1700000000002}"#),
        ("msg_d", "{broken"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(post(ingest.address, id, body.as_bytes()).status, 200);
        mirror.wait_for_ledger(index + 1, PATIENCE);
    }

    let ids = |args: &[&str]| -> Vec<String> {
        let args: Vec<&str> = ["events", "--json"].iter().chain(args).copied().collect();
        let lines = text(&worker(&backends, &args));
        let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| row["svix_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&[]), ["msg_d", "msg_c", "msg_b", "msg_a"]);
    assert_eq!(ids(&["--limit", "1"]), ["msg_d"]);
    assert_eq!(ids(&["--type", "user.updated"]), ["msg_b"]);
    assert_eq!(ids(&["--object", "user_1"]), ["msg_b", "msg_a"]);
    assert_eq!(ids(&["--since", "1h"]).len(), 4);
    assert_eq!(ids(&["--since", "2100-01-01T00:00:00Z"]), [""; 0]);
    for (outcome, id) in [("applied", "msg_a"), ("stale", "msg_b"), ("ignored", "msg_c"), ("dead", "msg_d")] {
        assert_eq!(ids(&["--outcome", outcome]), [id]);
    }

    let table = text(&worker(&backends, &["events"]));
    assert!(table.starts_with("OCCURRED"), "{table}");
    assert!(table.lines().nth(1).unwrap().contains("the body is not JSON"), "{table}");
    assert_eq!(table.lines().count(), 5);

    let shown = text(&worker(&backends, &["events", "show", "msg_a"]));
    assert!(shown.contains("outcome   applied") && shown.contains(r#""id": "user_1""#), "{shown}");
    let json: Value =
        serde_json::from_str(&text(&worker(&backends, &["events", "show", "--json", "msg_d"]))).unwrap();
    assert_eq!((&json["outcome"], &json["payload"]), (&"dead".into(), &"{broken".into()));
}
on_every_backend!(the_ledger_is_listed_filtered_and_shown);

fn what_cannot_be_shown_is_one_clear_line(backends: Backends) {
    assert!(worker(&backends, &["migrate"]).status.success());
    let again = text(&worker(&backends, &["migrate"]));
    assert_eq!(again, "the schema is up to date\n");
    let unknown = worker(&backends, &["events", "show", "msg_unknown"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&unknown.stderr), "error: the ledger has no event msg_unknown\n");
    let bad = worker(&backends, &["events", "--outcome", "eaten"]);
    assert_eq!(bad.status.code(), Some(64));
}
on_every_backend!(what_cannot_be_shown_is_one_clear_line);
