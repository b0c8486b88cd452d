//! Events of the ledger, applied again.

use std::ops::ControlFlow;
use std::thread;

use serde_json::{Value, json};
use shared::delivery::Delivery;
use shared::signature::{Secret, Verifier};
use worker::apply::apply_batch;
use worker::event::{Policy, Redacted, Table};
use worker::replay::{BATCH, Replay, Summary};
use worker::store::{Erasure, LedgerRow, Outcome, Outcome::*, Selection, Store};

use super::outcome_of;
use crate::cases::{delete, deliver, live};
use crate::database::Database;
use crate::events::{START, at};

const DEAD: Selection = Selection { dead: true, event_type: None, since: None, until: None };
const ALL: Selection = Selection { dead: false, ..DEAD };

fn user_event(svix_id: &str, user: &str, time: i64, name: &str) -> Delivery {
    let data = json!({"id": user, "first_name": name, "updated_at": START + time});
    let body =
        json!({"type": "user.updated", "timestamp": START + time, "instance_id": "ins_1", "data": data});
    Delivery {
        svix_id: svix_id.to_owned(),
        svix_timestamp: 0,
        svix_signature: String::new(),
        received_at: START + time + 50,
        traceparent: None,
        body: body.to_string().into(),
    }
}

fn apply_under(policy: &Policy, store: &dyn Store, deliveries: &[Delivery]) -> Vec<Outcome> {
    let redacted: Vec<_> = deliveries.iter().map(Redacted::new).collect();
    let entries: Vec<_> = redacted.iter().map(|redacted| redacted.entry(policy)).collect();
    apply_batch(store, &entries).unwrap()
}

fn apply(database: &dyn Database, deliveries: &[Delivery]) -> Vec<Outcome> {
    apply_under(&Policy::default(), database.store(), deliveries)
}

/// So many users' events, which are ignored as those of another instance.
fn ignored(database: &dyn Database, events: usize) {
    let policy = Policy { instance_id: Some("ins_2".to_owned()), verifier: None };
    let deliveries: Vec<_> =
        (0..events).map(|n| user_event(&format!("msg_{n:04}"), &format!("user_{n}"), 1, "Ada")).collect();
    assert_eq!(apply_under(&policy, database.store(), &deliveries), vec![Ignored; events]);
}

fn replay(store: &dyn Store) -> Replay<'_> {
    Replay { store, instance_id: None, unsigned: false, dry_run: false }
}

fn all(replay: &Replay<'_>, selection: &Selection) -> Summary {
    let mut summary = Summary::default();
    let end = replay.selection(selection, &mut summary, |_| ControlFlow::Continue(())).unwrap();
    assert!(end.is_continue());
    summary
}

fn ledger_and_mirror(database: &dyn Database) -> String {
    database.dump()
}

fn count(database: &dyn Database, table: &str, condition: &str) -> String {
    let sql = format!("SELECT CAST(count(*) AS text) AS value FROM {table} WHERE {condition}");
    database.text(&sql).unwrap()
}

fn name_of(database: &dyn Database, user: &str) -> Option<Value> {
    database.row(Table::Users, user)?.data.map(|mut data| data["first_name"].take())
}

pub fn the_dead_are_applied_once_their_cause_is_gone(database: &dyn Database) {
    database.refuse_user("user_2");
    let events = [
        user_event("msg_1", "user_1", 1, "Ada"),
        user_event("msg_2", "user_2", 2, "Bob"),
        user_event("msg_3", "user_3", 3, "Cyd"),
    ];
    assert_eq!(apply(database, &events), [Applied, Dead, Applied]);
    let before = outcome_of(database, "msg_2");
    database.refuse_nobody();

    let summary = all(&replay(database.store()), &DEAD);
    assert_eq!(summary, Summary { selected: 1, applied: 1, ..Summary::default() });
    assert_eq!(name_of(database, "user_2"), Some("Bob".into()));
    let now = outcome_of(database, "msg_2");
    assert!(now.applied_at >= before.applied_at);
    let expected = LedgerRow { outcome: Applied, error: None, applied_at: now.applied_at, ..before.clone() };
    assert_eq!(now, expected);

    let history = database.store().history("msg_2").unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].outcome, history[0].applied_at), (Dead, before.applied_at));
    assert_eq!(history[0].error, before.error);
    assert!(history[0].error.as_deref().unwrap().contains("refused by a trigger"));
    assert!(history[0].replaced_at >= before.applied_at);
    assert_eq!(count(database, "webhook_event_history", "true"), "1");
    assert_eq!(all(&replay(database.store()), &DEAD), Summary::default());
}

pub fn what_was_applied_stays_applied(database: &dyn Database) {
    let old = user_event("msg_1", "user_1", 1, "Old");
    let new = user_event("msg_2", "user_1", 2, "New");
    for event in [old, new] {
        assert_eq!(apply(database, &[event]), [Applied]);
    }
    let before = ledger_and_mirror(database);
    let nothing_new = Summary { selected: 2, unchanged: 2, ..Summary::default() };
    assert_eq!(all(&replay(database.store()), &ALL), nothing_new);
    let other = Replay { instance_id: Some("ins_2".to_owned()), ..replay(database.store()) };
    assert_eq!(all(&other, &ALL), nothing_new);
    assert_eq!(ledger_and_mirror(database), before);

    // A mirror that has lost its rows has them again; what the ledger says was right all the time.
    database.execute("DELETE FROM users");
    let summary = all(&replay(database.store()), &ALL);
    assert_eq!(summary, Summary { selected: 2, applied: 1, unchanged: 1, ..Summary::default() });
    assert_eq!(ledger_and_mirror(database), before);
}

pub fn a_dead_event_that_the_mirror_has_overtaken_is_stale(database: &dyn Database) {
    database.refuse_user("user_1");
    assert_eq!(apply(database, &[user_event("msg_1", "user_1", 1, "Old")]), [Dead]);
    database.refuse_nobody();
    assert_eq!(apply(database, &[user_event("msg_2", "user_1", 2, "New")]), [Applied]);
    let summary = all(&replay(database.store()), &DEAD);
    assert_eq!(summary, Summary { selected: 1, stale: 1, ..Summary::default() });
    assert_eq!(name_of(database, "user_1"), Some("New".into()));
    let row = outcome_of(database, "msg_1");
    assert_eq!((row.outcome, row.error), (Stale, None));
}

pub fn an_ignored_event_is_mirrored_once_it_is_known(database: &dyn Database) {
    ignored(database, 1);
    let ours = |id: &str| Replay { instance_id: Some(id.to_owned()), ..replay(database.store()) };
    let of_type = |name: &str| Selection { event_type: Some(name.to_owned()), ..ALL };
    assert_eq!(all(&ours("ins_2"), &ALL).unchanged, 1);
    assert_eq!(all(&ours("ins_1"), &of_type("user.created")), Summary::default());
    let summary = all(&ours("ins_1"), &of_type("user.updated"));
    assert_eq!(summary, Summary { selected: 1, applied: 1, ..Summary::default() });
    assert_eq!(outcome_of(database, "msg_0000").outcome, Applied);

    // As an older version would have left it: nothing but the type had been understood. It is no different then.
    let before = outcome_of(database, "msg_0000");
    database.execute("DELETE FROM users");
    database.execute("UPDATE webhook_events SET outcome = 'ignored', object_id = NULL, user_id = NULL");
    assert_eq!(all(&replay(database.store()), &ALL).applied, 1);
    let now = outcome_of(database, "msg_0000");
    assert_eq!(now.user_id.as_deref(), Some("user_0"));
    assert_eq!(now, LedgerRow { applied_at: now.applied_at, ..before });
    let was: Vec<_> =
        database.store().history("msg_0000").unwrap().iter().map(|former| former.outcome).collect();
    assert_eq!(was, [Ignored, Ignored]);
}

pub fn one_event_that_is_still_refused_stays_dead_with_the_reason_of_now(database: &dyn Database) {
    ignored(database, 12);
    database.execute("UPDATE webhook_events SET outcome = 'dead', error = 'the reason of then'");
    database.refuse_user("user_5");
    let summary = all(&replay(database.store()), &DEAD);
    assert_eq!(summary, Summary { selected: 12, applied: 11, dead: 1, ..Summary::default() });
    assert_eq!(count(database, "users", "true"), "11");
    let row = outcome_of(database, "msg_0005");
    assert_eq!(row.outcome, Dead);
    assert!(row.error.unwrap().contains("refused by a trigger"));
    let history = database.store().history("msg_0005").unwrap();
    assert_eq!((history.len(), history[0].error.as_deref()), (1, Some("the reason of then")));

    // And again: the reason is the same, so there is no news.
    let before = ledger_and_mirror(database);
    let summary = all(&replay(database.store()), &DEAD);
    assert_eq!(summary, Summary { selected: 1, unchanged: 1, still_dead: 1, ..Summary::default() });
    assert_eq!(ledger_and_mirror(database), before);
}

pub fn nobody_who_was_erased_comes_back_by_a_replay(database: &dyn Database) {
    live(database, "ada");
    // What an erasure cannot find, because it was not understood when it came: not even when it happened.
    let session =
        json!({"id": "sess_lost", "user_id": "user_ada", "latest_activity": {"city": "ada PERSONAL"}});
    let body = json!({"type": "session.created", "timestamp": START + 7, "data": session});
    database.execute(&format!(
        "INSERT INTO webhook_events (svix_id, occurred_at, received_at, outcome, error, payload)
         VALUES ('msg_lost', '2024-05-01T00:00:00.000Z', '{}', 'dead', 'about ada PERSONAL', '{body}')",
        at(9).to_rfc3339()
    ));
    delete(database, "ada");
    assert!(matches!(database.store().erase("user_ada").unwrap(), Erasure::Done(_)));
    assert_eq!(outcome_of(database, "msg_lost").outcome, Dead);

    let summary = all(&replay(database.store()), &DEAD);
    assert_eq!(summary, Summary { selected: 1, ignored: 1, ..Summary::default() });
    assert_eq!(database.row(Table::Sessions, "sess_lost"), None);
    let row = outcome_of(database, "msg_lost");
    assert_eq!((row.outcome, row.error, row.payload), (Ignored, None, None));
    assert_eq!((row.user_id.as_deref(), row.object_id.as_deref()), (Some("user_ada"), Some("sess_lost")));
    let history = database.store().history("msg_lost").unwrap();
    assert_eq!((history[0].outcome, history[0].error.as_deref()), (Dead, Some("erased")));
    assert!(!database.dump().contains("PERSONAL"));

    let summary = all(&replay(database.store()), &ALL);
    assert_eq!((summary.skipped_without_payload, summary.applied), (summary.selected, 0));
    assert!(!database.dump().contains("PERSONAL"));
}

pub fn an_erasure_cleans_the_reasons_of_former_states(database: &dyn Database) {
    live(database, "ada");
    live(database, "bob");
    database.execute(
        "UPDATE webhook_events SET outcome = 'dead', error = 'PERSONAL of ' || svix_id WHERE object_id LIKE 'sess_%'",
    );
    assert_eq!(all(&replay(database.store()), &DEAD).stale, 2);
    let quoting = |person: &str| {
        count(database, "webhook_event_history", &format!("error LIKE 'PERSONAL of msg_{person}%'"))
    };
    assert_eq!((quoting("ada"), quoting("bob")), ("1".to_owned(), "1".to_owned()));
    delete(database, "ada");
    database.store().erase("user_ada").unwrap();
    assert_eq!((quoting("ada"), quoting("bob")), ("0".to_owned(), "1".to_owned()));
    assert_eq!(count(database, "webhook_event_history", "error = 'erased'"), "1");
}

pub fn what_may_be_forged_is_replayed_only_on_demand(database: &dyn Database) {
    let secret: Secret = "whsec_c2VjcmV0".parse().unwrap();
    let policy = Policy { instance_id: None, verifier: Some(Verifier::new(vec![secret])) };
    let mut not_utf8 = user_event("msg_2", "user_2", 2, "?");
    let body: Vec<u8> = not_utf8.body.iter().map(|&byte| if byte == b'?' { 0xff } else { byte }).collect();
    not_utf8.body = body.into();
    let forged = [user_event("msg_1", "user_1", 1, "Eve"), not_utf8];
    assert_eq!(apply_under(&policy, database.store(), &forged), [Dead, Dead]);

    let before = ledger_and_mirror(database);
    for selection in [&DEAD, &ALL] {
        let summary = all(&replay(database.store()), selection);
        assert_eq!(summary, Summary { selected: 2, skipped_unsigned: 2, ..Summary::default() });
    }
    assert_eq!(ledger_and_mirror(database), before);

    let trusting = Replay { unsigned: true, ..replay(database.store()) };
    assert_eq!(all(&trusting, &DEAD), Summary { selected: 2, applied: 2, ..Summary::default() });
    assert_eq!(name_of(database, "user_1"), Some("Eve".into()));
    assert_eq!(name_of(database, "user_2"), Some("\u{fffd}".into()));
}

pub fn what_has_no_payload_is_left_alone(database: &dyn Database) {
    let secret = Delivery { body: r#"{"otp_code":"123"#.into(), ..user_event("msg_1", "", 1, "") };
    assert_eq!(apply(database, &[secret]), [Dead]);
    let before = ledger_and_mirror(database);
    let summary = all(&replay(database.store()), &DEAD);
    assert_eq!(summary, Summary { selected: 1, skipped_without_payload: 1, ..Summary::default() });
    assert_eq!(ledger_and_mirror(database), before);
}

pub fn a_dry_run_says_what_would_be_and_changes_nothing(database: &dyn Database) {
    ignored(database, BATCH as usize + 20);
    database.execute("UPDATE webhook_events SET outcome = 'dead', error = 'then' WHERE svix_id < 'msg_0007'");
    database.refuse_user("user_5");
    let before = ledger_and_mirror(database);
    let rehearsed = all(&Replay { dry_run: true, ..replay(database.store()) }, &ALL);
    assert_eq!(ledger_and_mirror(database), before);
    assert_eq!((rehearsed.selected, rehearsed.applied, rehearsed.dead), (520, 519, 1));
    assert_eq!(all(&replay(database.store()), &ALL), rehearsed);
}

pub fn a_selection_is_paged_in_the_order_of_receipt(database: &dyn Database) {
    let store = database.store();
    ignored(database, 5);
    deliver(database, "msg_late", "user.created", START + 100, &json!({"id": "user_9"}));
    deliver(database, "msg_early", "user.created", START, &json!({"id": "user_9"}));
    database.execute("UPDATE webhook_events SET outcome = 'dead' WHERE svix_id IN ('msg_0001', 'msg_late')");
    let pages = |selection: &Selection| {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.select(selection, after.as_ref(), 2).unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.place());
            found.extend(page.into_iter().map(|row| row.svix_id));
        }
        assert_eq!(store.count(selection).unwrap(), found.len() as i64);
        found.join(" ")
    };
    assert_eq!(pages(&ALL), "msg_early msg_0000 msg_0001 msg_0002 msg_0003 msg_0004 msg_late");
    assert_eq!(pages(&DEAD), "msg_0001 msg_late");
    assert_eq!(pages(&Selection { since: Some(at(51)), ..DEAD }), "msg_0001 msg_late");
    assert_eq!(pages(&Selection { since: Some(at(52)), ..DEAD }), "msg_late");
    assert_eq!(pages(&Selection { until: Some(at(51)), ..ALL }), "msg_early");
    assert_eq!(pages(&Selection { until: Some(at(52)), ..DEAD }), "msg_0001");
    let created = Selection { event_type: Some("user.created".to_owned()), ..ALL };
    assert_eq!(pages(&created), "msg_early msg_late");
    assert_eq!(pages(&Selection { dead: true, ..created }), "msg_late");
}

pub fn a_replay_that_was_interrupted_is_finished_by_the_next(database: &dyn Database) {
    // All received at the same moment: pages end in the midst of them.
    const EVENTS: u64 = 2 * BATCH as u64 + 7;
    ignored(database, EVENTS as usize);
    let mut summary = Summary::default();
    let end = replay(database.store()).selection(&ALL, &mut summary, |_| ControlFlow::Break(())).unwrap();
    assert!(end.is_break());
    let half = u64::from(BATCH);
    assert_eq!(summary, Summary { selected: half, applied: half, ..Summary::default() });
    for (table, condition) in
        [("users", "true"), ("webhook_events", "outcome = 'applied'"), ("webhook_event_history", "true")]
    {
        assert_eq!(count(database, table, condition), half.to_string(), "{table}");
    }

    let mut batches = 0;
    let mut summary = Summary::default();
    let after_batch = |_: &Summary| {
        batches += 1;
        ControlFlow::Continue(())
    };
    assert!(replay(database.store()).selection(&ALL, &mut summary, after_batch).unwrap().is_continue());
    assert_eq!(batches, 3);
    let expected =
        Summary { selected: EVENTS, applied: EVENTS - half, unchanged: half, ..Summary::default() };
    assert_eq!(summary, expected);
    assert_eq!(count(database, "webhook_event_history", "true"), EVENTS.to_string());
}

pub fn replays_and_workers_at_once_agree(database: &dyn Database) {
    const EVENTS: usize = 700;
    ignored(database, EVENTS);
    let newer: Vec<_> = (0..EVENTS)
        .map(|n| user_event(&format!("new_{n:04}"), &format!("user_{}", EVENTS - 1 - n), 5, "New"))
        .collect();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let store = database.another_store();
                all(&replay(&*store), &ALL)
            });
        }
        for events in newer.chunks(50) {
            assert_eq!(apply(database, events), [Applied; 50]);
        }
    });
    assert_eq!(count(database, "users", "true"), EVENTS.to_string());
    for n in [0, EVENTS / 2, EVENTS - 1] {
        assert_eq!(name_of(database, &format!("user_{n}")), Some("New".into()));
    }
    let settled = "svix_id LIKE 'msg_%' AND outcome IN ('applied', 'stale')";
    assert_eq!(count(database, "webhook_events", settled), EVENTS.to_string());
    let once = "SELECT svix_id AS value FROM webhook_event_history WHERE outcome = 'ignored' GROUP BY 1 HAVING count(*) = 1";
    assert_eq!(database.texts(once).len(), EVENTS);
}
