//! What an operator does to have a person erased.

use std::process::{Command, Output};

use harness::{binaries, wait_until};

use crate::{
    backends::Backends,
    deployment::{Ingest, PATIENCE, Worker, answers, metric},
    mirror::Mirror,
    signed::post,
};

const LIFE: [(&str, &str); 5] = [
    (
        "msg_1",
        r#"{"type":"user.created","timestamp":1700000000001,"data":{"id":"user_1","first_name":"PERSONAL","email_addresses":[{"email_address":"PERSONAL@example.com"}],"updated_at":1700000000000}}"#,
    ),
    (
        "msg_2",
        r#"{"type":"user.updated","timestamp":1700000000002,"data":{"id":"user_1","first_name":"PERSONAL","updated_at":1700000000001}}"#,
    ),
    (
        "msg_3",
        r#"{"type":"session.created","timestamp":1700000000003,"data":{"id":"sess_1","user_id":"user_1","latest_activity":{"city":"PERSONAL"}}}"#,
    ),
    (
        "msg_4",
        r#"{"type":"waitlistEntry.created","timestamp":1600000000000,"data":{"id":"wait_1","email_address":"personal@example.com","created_at":1600000000000}}"#,
    ),
    (
        "msg_5",
        r#"{"type":"email.created","timestamp":1700000000004,"data":{"id":"ema_1","user_id":"user_1","to_email_address":"PERSONAL@example.com"}}"#,
    ),
];
const DELETION: (&str, &str) =
    ("msg_6", r#"{"type":"user.deleted","timestamp":1700000000009,"data":{"id":"user_1","deleted":true}}"#);
const LATE: (&str, &str) = (
    "msg_7",
    r#"{"type":"session.created","timestamp":1700000000005,"data":{"id":"sess_2","user_id":"user_1","latest_activity":{"city":"PERSONAL"}}}"#,
);

fn erase(backends: &Backends) -> Output {
    Command::new(&binaries().worker)
        .args(["erase", "user_1"])
        .env("DATABASE_URL", &backends.database_url)
        .output()
        .unwrap()
}

fn a_deleted_user_is_erased_for_good(backends: Backends) {
    let (ingest, _worker) = (Ingest::start(&backends), Worker::start(&backends));
    let mut mirror = Mirror::open(&backends.database_url);
    let send = |mirror: &mut Mirror, events: &[(&str, &str)], total: usize| {
        for (id, body) in events {
            assert_eq!(post(ingest.address, id, body.as_bytes()).status, 200);
        }
        mirror.wait_for_ledger(total, PATIENCE);
    };
    let refusal = |output: Output| {
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(refusal(erase(&backends)), "error: the mirror has no user user_1\n");
    send(&mut mirror, &LIFE, 5);
    assert_eq!(
        refusal(erase(&backends)),
        "error: user_1 has not been deleted: delete the user in Clerk first\n"
    );
    assert!(mirror.dump().contains("PERSONAL"));

    send(&mut mirror, &[DELETION], 6);
    let erased = erase(&backends);
    assert!(erased.status.success(), "{erased:?}");
    assert_eq!(
        String::from_utf8(erased.stdout).unwrap(),
        "erased user_1: 3 rows emptied, 0 anonymized, 6 payloads removed\n"
    );
    send(&mut mirror, &[LATE], 7);
    let dump = mirror.dump().to_lowercase();
    assert!(dump.contains("msg_1") && dump.contains("msg_7"));
    assert!(!dump.contains("personal"), "{}", &dump[dump.find("personal").unwrap().saturating_sub(200)..]);
}
on_every_backend!(a_deleted_user_is_erased_for_good);

fn who_was_deleted_long_enough_ago_is_erased_without_being_asked(backends: Backends) {
    let ingest = Ingest::start(&backends);
    let mut mirror = Mirror::open(&backends.database_url);
    let worker = Worker::start(&backends);
    for (id, body) in LIFE.iter().chain([&DELETION]) {
        assert_eq!(post(ingest.address, id, body.as_bytes()).status, 200);
    }
    mirror.wait_for_ledger(6, PATIENCE);
    assert!(mirror.dump().contains("PERSONAL"));
    drop(worker);

    // The deletion is of 2023.
    let worker = Worker::start_unready(&backends, &[("ERASE_AFTER_DELETE", "30d")]);
    let erased = || metric(worker.admin, "clerk_mirror_worker_erased_users_total") == Some(1.0);
    wait_until("the worker answers", PATIENCE, || answers(worker.admin));
    wait_until("the user is erased", PATIENCE, erased);
    assert!(!mirror.dump().to_lowercase().contains("personal"));
}
on_every_backend!(who_was_deleted_long_enough_ago_is_erased_without_being_asked);
