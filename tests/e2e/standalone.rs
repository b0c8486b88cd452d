//! With nothing set: one process that makes its own secret and keeps everything in one folder.

use std::{fs, net::TcpListener, path::Path};

use harness::{Process, Program, binaries, free_port, wait_until};

use crate::{
    deployment::{PATIENCE, is_ready},
    mirror::Mirror,
    send::{Traffic, assert_mirrors},
};

const NO_ARGS: [&str; 0] = [];

struct Standalone {
    process: Process,
    listen: u16,
    admin: u16,
}

fn start(folder: &Path, listen: u16) -> Standalone {
    let admin = free_port();
    let vars =
        [("LISTEN", listen), ("ADMIN_LISTEN", admin)].map(|(name, port)| (name, format!("127.0.0.1:{port}")));
    let process = Program::new(&binaries().clerk_mirror).vars(vars).folder(folder).start().unwrap();
    Standalone { process, listen, admin }
}

impl Standalone {
    fn wait_until_ready(&self) {
        wait_until("the program is ready", PATIENCE, || is_ready(([127, 0, 0, 1], self.admin).into()));
    }

    /// Sends the way the welcome says: the secret comes from the data folder.
    fn send(&self, more: &[&str]) -> Process {
        let url = format!("http://127.0.0.1:{}/webhooks/clerk", self.listen);
        Program::new(&binaries().clerk_mirror)
            .args(["send", "--url", &url, "--start", "2026-01-01"].iter().chain(more))
            .folder(self.process.folder())
            .start()
            .unwrap()
    }
}

#[test]
fn a_thousand_events_in_any_order_are_a_thousand_rows_and_the_same_world() {
    let mut program = start(&harness::scratch("standalone"), free_port());
    program.wait_until_ready();
    let mut send = program.send(&["--count", "1000", "--duplicates", "10%", "--shuffle"]);
    assert!(send.wait(PATIENCE).success(), "{}", send.log());

    let database = program.process.folder().join("clerk-mirror-data/mirror.db");
    let mut mirror = Mirror::open(&format!("sqlite:{}", database.display()));
    mirror.wait_for_ledger(1000, PATIENCE);
    assert_mirrors(&mut mirror, &Traffic { seed: 1, count: 1000 });

    program.process.terminate();
    assert!(program.process.wait(PATIENCE).success());
}

#[test]
fn the_welcome_says_what_a_newcomer_needs_next() {
    let program = start(&harness::scratch("welcome"), free_port());
    program.wait_until_ready();
    let secret =
        fs::read_to_string(program.process.folder().join("clerk-mirror-data/webhook-secret")).unwrap();
    let log = program.process.log();
    for words in [
        &*format!("http://127.0.0.1:{}/webhooks/clerk", program.listen),
        secret.trim(),
        "sqlite:clerk-mirror-data/mirror.db",
        "clerk-mirror send --count",
        "clerk-mirror events",
        "SELECT",
    ] {
        assert!(log.contains(words), "{words} is not in\n{log}");
    }
}

#[test]
fn killing_it_again_and_again_loses_and_doubles_nothing() {
    let folder = harness::scratch("standalone_kill");
    let mut program = start(&folder, free_port());
    program.wait_until_ready();
    let traffic = Traffic { seed: 5, count: 1200 };
    let more = ["--count", "1200", "--seed", "5", "--rate", "400", "--retries", "1000", "--shuffle"];
    let mut send = program.send(&more);
    let database = folder.join("clerk-mirror-data/mirror.db");
    let mut mirror = Mirror::open(&format!("sqlite:{}", database.display()));
    for round in 1..4 {
        wait_until("events are applied", PATIENCE, || mirror.ledger_len() >= round * 300);
        program.process.kill9();
        program = start(&folder, program.listen);
        program.wait_until_ready();
    }
    assert!(send.wait(PATIENCE).success(), "{}", send.log());
    mirror.wait_for_ledger(1200, PATIENCE);
    assert_mirrors(&mut mirror, &traffic);
}

#[test]
fn a_port_that_is_taken_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = start(&harness::scratch("port_taken"), taken.local_addr().unwrap().port());
    assert_eq!(program.process.wait(PATIENCE).code(), Some(1));
    let log = program.process.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.starts_with("error: cannot listen on 127.0.0.1:") && log.contains("LISTEN"), "{log}");
}

#[test]
fn a_folder_that_cannot_be_written_is_one_clear_line() {
    let folder = harness::scratch("unwritable");
    fs::write(folder.join("file"), "").unwrap();
    let program = Program::new(&binaries().clerk_mirror).vars([("DATA_DIR", "file/data")]).folder(&folder);
    let mut process = program.start().unwrap();
    assert_eq!(process.wait(PATIENCE).code(), Some(64));
    let log = process.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.starts_with("error: cannot write to the data folder file/data"), "{log}");
}

#[test]
fn what_is_given_is_used_instead() {
    let folder = harness::scratch("given");
    let mirror = format!("sqlite:{}", folder.join("other.db").display());
    let vars = [
        ("LISTEN", format!("127.0.0.1:{}", free_port())),
        ("ADMIN_LISTEN", format!("127.0.0.1:{}", free_port())),
        ("CLERK_WEBHOOK_SIGNING_SECRET", crate::signed::SECRET.to_owned()),
        ("DATABASE_URL", mirror),
    ];
    let process = Process::start(&binaries().clerk_mirror, NO_ARGS, vars.clone());
    wait_until("the program is ready", PATIENCE, || is_ready(vars[1].1.parse().unwrap()));
    let log = process.log();
    assert!(log.contains("secret    as given") && !log.contains("whsec_"), "{log}");
    assert!(folder.join("other.db").exists());
    assert!(!process.folder().join("clerk-mirror-data/webhook-secret").exists());
}
