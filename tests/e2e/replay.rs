//! What an operator does about dead events: mends what made them so, and replays them.

use std::{
    fs,
    process::{Command, Output},
};

use harness::{Process, binaries, free_port, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker, is_ready},
    mirror::Mirror,
    send::{Traffic, assert_mirrors},
    signed::{SECRET, post},
};

const EVENTS: usize = 400;
/// The tables that refuse every row.
const BROKEN: [&str; 2] = ["organizations", "sessions"];
const USER: &str =
    r#"{"data":{"id":"user_1","updated_at":1700000000000},"type":"user.created","timestamp":1700000000001}"#;

fn command(database_url: &str, args: &[&str]) -> Output {
    Command::new(&binaries().worker).args(args).env("DATABASE_URL", database_url).output().unwrap()
}

fn json(backends: &Backends, args: &[&str]) -> Value {
    let output = command(&backends.database_url, args);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn break_tables(mirror: &mut Mirror) {
    if matches!(mirror, Mirror::Postgres(_)) {
        mirror.execute(
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'out of order'; END $$",
        );
    }
    for name in BROKEN {
        let (table, action) = match mirror {
            Mirror::Postgres(_) => (mirror.table(name), "FOR EACH ROW EXECUTE FUNCTION broken()"),
            Mirror::Sqlite(_) => (name.to_owned(), "BEGIN SELECT raise(ABORT, 'out of order'); END"),
        };
        mirror.execute(&format!("CREATE TRIGGER broken_{name} BEFORE INSERT ON {table} {action}"));
    }
}

fn mend_tables(mirror: &mut Mirror) {
    for name in BROKEN {
        let on = match mirror {
            Mirror::Postgres(_) => format!(" ON {}", mirror.table(name)),
            Mirror::Sqlite(_) => String::new(),
        };
        mirror.execute(&format!("DROP TRIGGER broken_{name}{on}"));
    }
}

fn what_was_dead_is_mirrored_as_if_nothing_had_failed(backends: Backends) {
    assert!(command(&backends.database_url, &["migrate"]).status.success());
    let mut mirror = Mirror::open(&backends.database_url);
    break_tables(&mut mirror);
    let (ingest, _worker) = (Ingest::start(&backends), Worker::start(&backends));
    let traffic = Traffic { seed: 11, count: EVENTS };
    let mut send = traffic.send(&ingest.url(), &["--shuffle"]);
    assert!(send.wait(PATIENCE).success(), "{}", send.log());
    mirror.wait_for_ledger(EVENTS, PATIENCE);
    let before = mirror.ledger();
    let dead: Vec<_> = before.values().filter(|row| row.outcome == "dead").collect();
    assert!(dead.len() > EVENTS / 20, "{}", dead.len());

    // Too early: the reason is still there.
    let summary = json(&backends, &["replay", "--dead", "--json"]);
    assert_eq!((&summary["selected"], &summary["still_dead"]), (&dead.len().into(), &dead.len().into()));

    mend_tables(&mut mirror);
    let rehearsal = json(&backends, &["replay", "--dead", "--dry-run", "--json"]);
    assert_eq!(mirror.ledger().values().filter(|row| row.outcome == "dead").count(), dead.len());
    let mut summary = json(&backends, &["replay", "--dead", "--json"]);
    assert_eq!(rehearsal["dry_run"], true);
    summary["dry_run"] = true.into();
    assert_eq!(summary, rehearsal);
    assert_eq!(summary["selected"], dead.len());
    let settled = summary["applied"].as_u64().unwrap() + summary["stale"].as_u64().unwrap();
    assert_eq!(settled, dead.len() as u64);

    assert_mirrors(&mut mirror, &traffic);
    let after = mirror.ledger();
    assert_eq!(after.len(), EVENTS);
    assert!(after.values().all(|row| row.outcome != "dead" && row.error.is_none()));
    let shown = json(&backends, &["events", "show", "--json", &dead[0].svix_id]);
    assert_eq!(shown["history"].as_array().unwrap().len(), 1);
    assert_eq!(shown["history"][0]["outcome"], "dead");
    assert!(shown["history"][0]["error"].as_str().unwrap().contains("out of order"), "{shown}");
    let text = command(&backends.database_url, &["events", "show", &dead[0].svix_id]).stdout;
    assert!(String::from_utf8(text).unwrap().contains("\nbefore    dead: "));
    assert_eq!(json(&backends, &["replay", "--dead", "--json"])["selected"], 0);
}
on_every_backend!(what_was_dead_is_mirrored_as_if_nothing_had_failed);

fn what_a_worker_with_the_wrong_secret_refused_is_replayed_only_on_demand(backends: Backends) {
    let ingest = Ingest::start(&backends);
    let wrong = [("CLERK_WEBHOOK_SECRET", "whsec_YW5vdGhlciBzZWNyZXQ=")];
    assert_ne!(wrong[0].1, SECRET);
    let worker = Worker::start_unready(&backends, &wrong);
    wait_until("the worker is ready", PATIENCE, || is_ready(worker.admin));
    assert_eq!(post(ingest.address, "msg_1", USER.as_bytes()).status, 200);
    let mut mirror = Mirror::open(&backends.database_url);
    mirror.wait_for_ledger(1, PATIENCE);

    for args in [&["replay", "--dead"][..], &["replay", "msg_1"]] {
        let output = command(&backends.database_url, args);
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        let hint = "skipped 1 whose signature was wrong; --unsigned replays them, but they may be forged\n";
        assert!(text.contains(hint), "{text}");
        assert_eq!(mirror.ledger()["msg_1"].outcome, "dead");
    }
    let summary = json(&backends, &["replay", "msg_1", "msg_1", "--unsigned", "--json"]);
    assert_eq!((&summary["selected"], &summary["applied"]), (&1.into(), &1.into()));
    assert_eq!(mirror.ledger()["msg_1"].outcome, "applied");
    assert_eq!(mirror.rows().len(), 1);
}
on_every_backend!(what_a_worker_with_the_wrong_secret_refused_is_replayed_only_on_demand);

fn a_replay_that_is_interrupted_stops_between_two_batches(backends: Backends) {
    const SELECTED: usize = 1100;
    assert!(command(&backends.database_url, &["migrate"]).status.success());
    let mut mirror = Mirror::open(&backends.database_url);
    let ledger = mirror.table("webhook_events");
    mirror.execute(&format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {SELECTED})
         INSERT INTO {ledger} (svix_id, occurred_at, received_at, outcome, error, payload)
         SELECT 'msg_' || n, '2024-01-01T00:00:00.000Z', '2024-01-01T00:00:00.000Z', 'dead', 'because',
             '{{\"data\":{{\"id\":\"user_' || n || '\"}},\"type\":\"user.created\",\"timestamp\":1704067200000}}'
         FROM numbers"
    ));
    let (hold, release) = match mirror {
        Mirror::Postgres(_) => ("BEGIN; LOCK TABLE clerk.users", "COMMIT"),
        Mirror::Sqlite(_) => ("BEGIN IMMEDIATE", "COMMIT"),
    };
    mirror.execute(hold);
    let environment = [("DATABASE_URL", &*backends.database_url)];
    let mut replay = Process::start(&binaries().worker, ["replay", "--dead"], environment);
    let pid = Pid::from_raw(replay.pid().try_into().unwrap()).unwrap();
    wait_until("interrupts are listened for", PATIENCE, || listens_for_interrupts(replay.pid()));
    kill_process(pid, Signal::INT).unwrap();
    wait_until("it is to stop", PATIENCE, || replay.log().contains("stopping after this batch"));
    mirror.execute(release);
    assert_eq!(replay.wait(PATIENCE).code(), Some(1));
    let log = replay.log();
    assert!(
        log.contains("error: interrupted; what was replayed stays, run it again for the rest\n"),
        "{log}"
    );
    assert!(log.contains("applied          500\n"), "{log}");
    assert_eq!(mirror.rows().len(), 500);

    let summary = json(&backends, &["replay", "--dead", "--json"]);
    assert_eq!((&summary["selected"], &summary["applied"]), (&600.into(), &600.into()));
    assert_eq!(mirror.rows().len(), SELECTED);
}
on_every_backend!(a_replay_that_is_interrupted_stops_between_two_batches);

/// Whether the process has got as far as listening: a thread of it does nothing else.
fn listens_for_interrupts(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().any(|thread| {
        fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.trim_end() == "interrupts")
    })
}

fn what_cannot_be_replayed_is_one_clear_line(backends: Backends) {
    assert!(command(&backends.database_url, &["migrate"]).status.success());
    for (args, code, expected) in [
        (&["replay"][..], 64, "--dead|--type <TYPE>|--since <WHEN>"),
        (&["replay", "--dry-run"], 64, "--dead|--type <TYPE>|--since <WHEN>"),
        (&["replay", "msg_1", "--dead"], 64, "cannot be used with '--dead'"),
        (&["replay", "--since", "soon"], 64, "is neither a time ago"),
        (&["replay", "msg_unknown"], 1, "error: the ledger has no event msg_unknown\n"),
    ] {
        let output = command(&backends.database_url, args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(expected) && error.lines().count() == 1, "{args:?}: {error}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}
on_every_backend!(what_cannot_be_replayed_is_one_clear_line);

#[test]
fn a_database_that_is_away_is_one_clear_line() {
    let away = format!("postgres://app:hunter2@127.0.0.1:{}/app", free_port());
    let output = command(&away, &["replay", "--dead"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.starts_with("error: cannot connect to the database: "), "{error}");
    assert!(!error.contains("hunter2") && output.stdout.is_empty(), "{output:?}");
}
