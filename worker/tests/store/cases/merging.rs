//! What a row is after events, in whatever order, and which of them are said to have moved it.

use std::thread;

use serde_json::json;
use worker::apply::apply_batch;
use worker::event::{Entry, Table};
use worker::store::Outcome::*;

use super::outcome_of;
use crate::database::Database;
use crate::events::*;

pub fn a_second_delivery_is_a_duplicate_and_changes_nothing(database: &dyn Database) {
    let batch =
        [snapshot("msg_1", "user_1", 1, r#"{"a":1}"#), deletion("msg_2", "user_2", 2), ignored("msg_3", 3)];
    assert_eq!(database.store().apply(&batch).unwrap(), [Applied, Applied, Ignored]);
    let before = (database.row(Table::Users, "user_1"), outcome_of(database, "msg_1"));
    assert_eq!(database.store().apply(&batch).unwrap(), [Duplicate; 3]);
    assert_eq!((database.row(Table::Users, "user_1"), outcome_of(database, "msg_1")), before);
}

pub fn a_repeated_delivery_within_a_batch_is_a_duplicate(database: &dyn Database) {
    let once = || snapshot("msg_1", "user_1", 1, "{}");
    assert_eq!(database.store().apply(&[once(), once(), once()]).unwrap(), [Applied, Duplicate, Duplicate]);
}

pub fn an_older_snapshot_is_stale(database: &dyn Database) {
    let store = database.store();
    store.apply(&[snapshot("msg_2", "user_1", 2, r#"{"a":2}"#)]).unwrap();
    assert_eq!(store.apply(&[snapshot("msg_1", "user_1", 1, r#"{"a":1}"#)]).unwrap(), [Stale]);
    assert_eq!(database.row(Table::Users, "user_1").unwrap().data, Some(json!({"a": 2})));
    assert_eq!(outcome_of(database, "msg_1").outcome, Stale);
}

pub fn of_two_snapshots_in_one_batch_the_newer_is_applied(database: &dyn Database) {
    let batch = [snapshot("msg_2", "user_1", 2, r#"{"a":2}"#), snapshot("msg_1", "user_1", 1, r#"{"a":1}"#)];
    assert_eq!(database.store().apply(&batch).unwrap(), [Applied, Stale]);
    assert_eq!(database.row(Table::Users, "user_1").unwrap().data, Some(json!({"a": 2})));
}

pub fn at_the_same_updated_at_the_later_event_wins(database: &dyn Database) {
    let store = database.store();
    let apply = |entry: Entry<'_>| store.apply(&[entry]).unwrap()[0];
    assert_eq!(apply(snapshot_of("msg_b", "user_1", 1, 5, r#"{"a":1}"#)), Applied);
    assert_eq!(apply(snapshot_of("msg_z", "user_1", 1, 4, r#"{"a":2}"#)), Stale);
    assert_eq!(apply(snapshot_of("msg_a", "user_1", 1, 5, r#"{"a":3}"#)), Stale);
    assert_eq!(apply(snapshot_of("msg_c", "user_1", 1, 5, r#"{"a":4}"#)), Applied);
    assert_eq!(database.row(Table::Users, "user_1").unwrap().data, Some(json!({"a": 4})));
}

pub fn an_update_after_the_deletion_leaves_the_row_deleted(database: &dyn Database) {
    let store = database.store();
    store.apply(&[snapshot("msg_1", "user_1", 1, r#"{"a":1}"#)]).unwrap();
    assert_eq!(store.apply(&[deletion("msg_2", "user_1", 2)]).unwrap(), [Applied]);
    assert_eq!(store.apply(&[snapshot("msg_3", "user_1", 3, r#"{"a":3}"#)]).unwrap(), [Applied]);
    let row = database.row(Table::Users, "user_1").unwrap();
    assert_eq!(row.data, Some(json!({"a": 3})));
    assert_eq!(row.deleted_at.as_deref(), Some("2024-05-28T08:00:00.002Z"));
}

pub fn a_deletion_before_the_creation_is_kept(database: &dyn Database) {
    let store = database.store();
    assert_eq!(store.apply(&[deletion("msg_2", "user_1", 2)]).unwrap(), [Applied]);
    let tombstone = database.row(Table::Users, "user_1").unwrap();
    assert_eq!((tombstone.data, tombstone.version.as_str()), (None, ""));
    assert_eq!(store.apply(&[snapshot("msg_1", "user_1", 1, r#"{"a":1}"#)]).unwrap(), [Applied]);
    let row = database.row(Table::Users, "user_1").unwrap();
    assert_eq!(row.data, Some(json!({"a": 1})));
    assert_eq!(row.deleted_at, tombstone.deleted_at);
}

pub fn a_deletion_with_a_snapshot_brings_both(database: &dyn Database) {
    let store = database.store();
    let gone = deletion_with_snapshot("msg_1", "mem_1", 1, 5, r#"{"role":"org:admin"}"#);
    assert_eq!(store.apply(&[gone]).unwrap(), [Applied]);
    let row = database.row(Table::OrganizationMemberships, "mem_1").unwrap();
    assert_eq!(row.data, Some(json!({"role": "org:admin"})));
    assert_eq!(row.deleted_at.as_deref(), Some("2024-05-28T08:00:00.005Z"));
}

pub fn the_earliest_deletion_is_kept(database: &dyn Database) {
    let store = database.store();
    let outcomes = [5, 7, 3].map(|time| {
        let svix_id = format!("msg_{time}");
        store.apply(&[deletion(&svix_id, "user_1", time)]).unwrap()[0]
    });
    assert_eq!(outcomes, [Applied, Stale, Applied]);
    let row = database.row(Table::Users, "user_1").unwrap();
    assert_eq!(row.deleted_at.as_deref(), Some("2024-05-28T08:00:00.003Z"));
}

pub fn events_in_any_order_and_any_batches_give_the_same_row(database: &dyn Database) {
    for (run, order) in permutations(&[0, 1, 2, 3]).into_iter().enumerate() {
        let user = format!("user_{run}");
        let svix_ids = [0, 1, 2, 3].map(|event| format!("msg_{run:02}_{event}"));
        let event = |index: usize| {
            let svix_id = &svix_ids[index];
            match index {
                0 => snapshot(svix_id, &user, 1, r#"{"a":1}"#),
                1 => snapshot_of(svix_id, &user, 2, 6, r#"{"a":2}"#),
                2 => snapshot_of(svix_id, &user, 2, 7, r#"{"a":3}"#),
                _ => deletion(svix_id, &user, 3),
            }
        };
        let batch: Vec<_> = order.iter().map(|&index| event(index)).collect();
        for part in batch.chunks(run % 4 + 1) {
            apply_batch(database.store(), part).unwrap();
        }
        let row = database.row(Table::Users, &user).unwrap();
        assert_eq!(row.data, Some(json!({"a": 3})), "{order:?}");
        assert!(row.version.ends_with(&svix_ids[2]), "{order:?}");
        assert_eq!(row.deleted_at.as_deref(), Some("2024-05-28T08:00:00.003Z"), "{order:?}");
    }
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let with_first = |&first: &usize| {
        let rest: Vec<_> = items.iter().copied().filter(|&item| item != first).collect();
        permutations(&rest).into_iter().map(move |tail| [vec![first], tail].concat())
    };
    items.iter().flat_map(with_first).collect()
}

pub fn workers_that_apply_the_same_events_at_once_agree(database: &dyn Database) {
    const EVENTS: usize = 240;
    let svix_ids: Vec<_> = (0..EVENTS).map(|event| format!("msg_{event:03}")).collect();
    let users: Vec<_> = (0..EVENTS).map(|event| format!("user_{}", event % 7)).collect();
    let events: Vec<usize> = (0..EVENTS).collect();
    let apply = |order: Vec<usize>| {
        let store = database.another_store();
        let mut fresh = 0;
        for part in order.chunks(40) {
            let batch: Vec<_> = part
                .iter()
                .map(|&event| snapshot(&svix_ids[event], &users[event], event as i64, "{}"))
                .collect();
            let outcomes = apply_batch(&*store, &batch).unwrap();
            fresh += outcomes.iter().filter(|&&outcome| outcome != Duplicate).count();
        }
        fresh
    };
    let backwards: Vec<usize> = events.iter().rev().copied().collect();
    let fresh = thread::scope(|scope| {
        let lanes = [events.clone(), backwards.clone(), events.clone(), backwards];
        let lanes = lanes.map(|order| scope.spawn(|| apply(order)));
        lanes.map(|lane| lane.join().unwrap())
    });
    assert_eq!(fresh.into_iter().sum::<usize>(), EVENTS);
    for last in EVENTS - 7..EVENTS {
        let row = database.row(Table::Users, &users[last]).unwrap();
        assert!(row.version.ends_with(&svix_ids[last]), "{row:?}");
    }
    assert_eq!(outcome_of(database, &svix_ids[EVENTS - 1]).outcome, Applied);
}
