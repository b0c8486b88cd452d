//! Signing secrets are rotated without a restart, and nobody with an accepted secret notices.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use harness::{
    Process, binaries, free_port,
    http::{self, Response},
    wait_until,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    backends::{Backends, Database, Queue},
    deployment::{Ingest, PATIENCE, Worker, is_ready, metric},
    mirror::Mirror,
    signed::{self, headers_by, now, request},
    steady::Steady,
};

const FIRST: &str = signed::SECRET;
const SECOND: &str = "whsec_dGhlIHNlY29uZCBzZWNyZXQgb2YgYWxs";
const BODY: &[u8] = br#"{"data":{"id":"user_1","updated_at":1},"timestamp":1,"type":"user.created"}"#;

fn post(address: SocketAddr, secret: &str, svix_id: &str) -> Response {
    http::request(address, request(&headers_by(secret, svix_id, now(), BODY), BODY))
}

#[track_caller]
fn assert_believed(address: SocketAddr, secret: &str) {
    assert_eq!(post(address, secret, "msg_1").status, 200);
}

#[track_caller]
fn assert_not_believed(address: SocketAddr, secret: &str) {
    let response = post(address, secret, "msg_1");
    assert_eq!((response.status, response.text()), (400, r#"{"error":"signature_mismatch"}"#));
}

fn hang_up(process: &Process) {
    kill_process(Pid::from_raw(process.pid() as i32).unwrap(), Signal::HUP).unwrap();
}

fn reloads(admin: SocketAddr, result: &str) -> f64 {
    metric(admin, &format!("clerk_mirror_secret_reloads_total{{result=\"{result}\"}}")).unwrap()
}

fn wait_for_reloads(admin: SocketAddr, result: &str, count: f64) {
    wait_until("the secrets are read again", PATIENCE, || reloads(admin, result) >= count);
}

fn verified_by(admin: SocketAddr, secret: usize) -> Option<f64> {
    metric(admin, &format!("clerk_mirror_ingest_verified_total{{secret=\"{secret}\"}}"))
}

/// Replaces a file in one step, as careful programs do.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

/// An `ingest` that finds its secrets in `files`.
fn ingest(hint: &str, files: &str) -> Ingest {
    let backends = Backends::new(Queue::Sqlite, Database::Sqlite, hint);
    let ingest = Ingest::start_unready(&backends, &[("CLERK_WEBHOOK_SECRET_FILE", files)]);
    wait_until("ingest is ready", PATIENCE, || is_ready(ingest.admin));
    ingest
}

fn file(hint: &str, text: &str) -> PathBuf {
    let file = harness::scratch(hint).join("secrets");
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn a_secret_is_rotated_under_load_and_no_request_is_refused() {
    let backends = Backends::new(Queue::Sqlite, Database::Sqlite, "rotation");
    let file = file("rotation_file", FIRST);
    let vars = [("CLERK_WEBHOOK_SECRET_FILE", file.to_str().unwrap())];
    let (ingest, worker) = (Ingest::start_unready(&backends, &vars), Worker::start_unready(&backends, &vars));
    wait_until("both are ready", PATIENCE, || is_ready(ingest.admin) && is_ready(worker.admin));
    assert_eq!((verified_by(ingest.admin, 0), verified_by(ingest.admin, 1)), (Some(0.0), None));
    let wait_for_both = |count| {
        wait_for_reloads(ingest.admin, "reloaded", count);
        wait_for_reloads(worker.admin, "reloaded", count);
    };
    let mut mirror = Mirror::open(&backends.database_url);

    let steady = Steady::start(ingest.address, 6, FIRST);
    steady.wait_for_a_round();
    replace(&file, &format!("{FIRST}\n# the new one\n{SECOND}\n"));
    wait_for_both(1.0);
    steady.wait_for_a_round();
    steady.sign_with(SECOND);
    steady.wait_for_a_round();
    let signed_with_first = verified_by(ingest.admin, 0);
    assert!(verified_by(ingest.admin, 1) > Some(0.0));

    // The worker judges by the secrets of its own time: the first may go once nothing signed with it is queued.
    let queued = steady.answers();
    wait_until("the queue is past the first secret", PATIENCE, || mirror.ledger_len() >= queued);
    replace(&file, SECOND);
    wait_for_both(2.0);
    steady.wait_for_a_round();
    let tally = steady.finish();

    assert_eq!(tally.failures, [] as [&str; 0]);
    assert_eq!(tally.reopened, 0);
    assert_not_believed(ingest.address, FIRST);
    assert_eq!(reloads(ingest.admin, "failed"), 0.0);
    mirror.wait_for_ledger(tally.accepted.len(), PATIENCE);
    let ledger = mirror.ledger();
    assert!(tally.accepted.iter().all(|id| ledger[id].outcome == "applied"));
    // By then it is the second secret that is the first of those in force.
    assert!(verified_by(ingest.admin, 0) > signed_with_first);
    let log = ingest.process.log() + &worker.process.log();
    assert!(log.contains("signing secrets reloaded secrets=2") && !log.contains("whsec_"), "{log}");
}

#[test]
fn secrets_that_cannot_be_read_leave_the_old_ones_in_force() {
    let file = file("bad_file", FIRST);
    let ingest = ingest("bad_secrets", file.to_str().unwrap());
    let mut failures = 0.0;
    let many = vec![SECOND; 17].join("\n");
    for text in ["", "# nothing\n", "whsec_hunter2!", &*format!("{SECOND}\nhunter2!\n"), &many] {
        fs::write(&file, text).unwrap();
        failures += 1.0;
        wait_for_reloads(ingest.admin, "failed", failures);
        assert_believed(ingest.address, FIRST);
        assert_not_believed(ingest.address, SECOND);
    }
    fs::remove_file(&file).unwrap();
    failures += 1.0;
    wait_for_reloads(ingest.admin, "failed", failures);
    assert_believed(ingest.address, FIRST);

    replace(&file, SECOND);
    wait_for_reloads(ingest.admin, "reloaded", 1.0);
    assert_believed(ingest.address, SECOND);
    assert_not_believed(ingest.address, FIRST);
    assert_eq!(reloads(ingest.admin, "failed"), failures, "each mistake is complained of once");
    let log = ingest.process.log();
    assert_eq!(log.matches("the old ones stay in force").count() as f64, failures, "{log}");
    assert!(!log.contains("hunter2") && !log.contains(SECOND), "{log}");
}

#[test]
fn a_change_behind_a_symbolic_link_is_seen() {
    // As Kubernetes keeps a secret: secret -> ..data/secret, ..data -> one folder or another.
    let folder = harness::scratch("symlinks");
    for (version, secret) in [("1", FIRST), ("2", SECOND)] {
        fs::create_dir(folder.join(version)).unwrap();
        fs::write(folder.join(version).join("secret"), secret).unwrap();
    }
    let swap = |version: &str| {
        symlink(version, folder.join("..new")).unwrap();
        fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
    };
    swap("1");
    symlink("..data/secret", folder.join("secret")).unwrap();
    let ingest = ingest("symlinked", folder.join("secret").to_str().unwrap());
    assert_believed(ingest.address, FIRST);
    swap("2");
    wait_for_reloads(ingest.admin, "reloaded", 1.0);
    assert_believed(ingest.address, SECOND);
    assert_not_believed(ingest.address, FIRST);
}

#[test]
fn several_files_are_followed_and_a_hangup_reads_them_at_once() {
    let (one, other) = (file("one", FIRST), file("other", SECOND));
    let ingest = ingest("files", &format!("{},{}", one.display(), other.display()));
    assert_eq!((verified_by(ingest.admin, 0), verified_by(ingest.admin, 1)), (Some(0.0), Some(0.0)));
    assert_believed(ingest.address, FIRST);
    assert_believed(ingest.address, SECOND);
    assert_eq!((verified_by(ingest.admin, 0), verified_by(ingest.admin, 1)), (Some(1.0), Some(1.0)));

    // Only a hangup reports that nothing has changed.
    hang_up(&ingest.process);
    wait_for_reloads(ingest.admin, "unchanged", 1.0);
    replace(&other, FIRST);
    hang_up(&ingest.process);
    wait_for_reloads(ingest.admin, "reloaded", 1.0);
    assert_believed(ingest.address, FIRST);
    assert_not_believed(ingest.address, SECOND);
}

#[test]
fn a_hangup_ends_no_program_that_has_nothing_to_reload() {
    let backends = Backends::new(Queue::Sqlite, Database::Sqlite, "hangup");
    let (ingest, worker) = (Ingest::start(&backends), Worker::start(&backends));
    for (process, admin) in [(&ingest.process, ingest.admin), (&worker.process, worker.admin)] {
        hang_up(process);
        wait_until("it says so", PATIENCE, || process.log().contains("nothing to reload"));
        assert!(is_ready(admin));
    }
}

#[test]
fn the_all_in_one_follows_the_secret_in_its_folder() {
    let [address, admin]: [SocketAddr; 2] = [(); 2].map(|()| ([127, 0, 0, 1], free_port()).into());
    let vars = [("LISTEN", address.to_string()), ("ADMIN_LISTEN", admin.to_string())];
    let process = Process::start(&binaries().clerk_mirror, [] as [&str; 0], vars);
    wait_until("it is ready", PATIENCE, || is_ready(admin));
    let file = process.folder().join("clerk-mirror-data/webhook-secret");
    let made = fs::read_to_string(&file).unwrap();
    assert_believed(address, made.trim());
    hang_up(&process);
    wait_for_reloads(admin, "unchanged", 1.0);
    replace(&file, &format!("{SECOND}\n{made}"));
    wait_for_reloads(admin, "reloaded", 1.0);
    assert_believed(address, SECOND);
    assert_believed(address, made.trim());
}
