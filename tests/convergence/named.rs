//! The cases people ask about, in every order of arrival, in one batch and one by one.

use std::collections::BTreeMap;
use std::slice;

use serde_json::{Value, json};
use shared::delivery::Delivery;

use crate::database::{Backend, Database};
use crate::oracle::contents::MirrorRow;
use crate::oracle::time::START;
use crate::workers;

pub fn a_late_update_never_revives_a_deleted_user(backend: Backend) {
    let created = user_at(1, "Ada");
    let updated = user_at(9, "Ada King");
    let events = [
        ("msg_1", event("user.created", 1, &created)),
        ("msg_2", event("user.deleted", 5, &json!({"id": "user_1", "object": "user", "deleted": true}))),
        ("msg_3", event("user.updated", 9, &updated)),
    ];
    let row = MirrorRow { data: Some(updated), shows: Some("msg_3".to_owned()), deleted_at: Some(START + 5) };
    in_every_order(backend, &events, "users", "user_1", &row);
}

pub fn a_deletion_that_arrives_first_leaves_a_tombstone(backend: Backend) {
    let deleted = json!({"id": "user_1", "object": "user", "deleted": true});
    let deletion = ("msg_2", event("user.deleted", 5, &deleted));
    let tombstone = MirrorRow { data: None, shows: None, deleted_at: Some(START + 5) };
    in_every_order(backend, slice::from_ref(&deletion), "users", "user_1", &tombstone);

    let created = user_at(1, "Ada");
    let creation = ("msg_1", event("user.created", 1, &created));
    let row = MirrorRow { data: Some(created), shows: Some("msg_1".to_owned()), ..tombstone };
    in_every_order(backend, &[deletion, creation], "users", "user_1", &row);
}

pub fn a_deleted_membership_needs_no_deleted_flag_and_no_newer_updated_at(backend: Backend) {
    let at = |updated_at: i64, role: &str| json!({"id": "orgmem_1", "role": role, "updated_at": START + updated_at});
    let member = at(1, "org:member");
    let admin = at(2, "org:admin");
    let events = [
        ("msg_1", event("organizationMembership.created", 1, &member)),
        ("msg_2", event("organizationMembership.updated", 2, &admin)),
        ("msg_3", event("organizationMembership.deleted", 7, &admin)),
    ];
    let row = MirrorRow { data: Some(admin), shows: Some("msg_3".to_owned()), deleted_at: Some(START + 7) };
    in_every_order(backend, &events, "organization_memberships", "orgmem_1", &row);
}

pub fn of_two_changes_at_one_updated_at_the_later_event_is_kept(backend: Backend) {
    let later = user_at(1, "Grace");
    let events = [
        ("msg_3", event("user.updated", 2, &user_at(1, "Ada"))),
        ("msg_1", event("user.updated", 4, &later)),
        ("msg_2", event("user.updated", 3, &user_at(1, "Barbara"))),
        ("msg_4", event("user.created", 5, &user_at(0, "Mary"))),
    ];
    let row = MirrorRow { data: Some(later), shows: Some("msg_1".to_owned()), deleted_at: None };
    in_every_order(backend, &events, "users", "user_1", &row);
}

pub fn of_two_events_at_one_moment_the_greater_svix_id_is_kept(backend: Backend) {
    let greatest = user_at(1, "Grace");
    let events = [
        ("msg_B", event("user.updated", 1, &user_at(1, "Ada"))),
        ("msg_a", event("user.updated", 1, &greatest)),
        ("msg_2", event("user.updated", 1, &user_at(1, "Barbara"))),
    ];
    let row = MirrorRow { data: Some(greatest), shows: Some("msg_a".to_owned()), deleted_at: None };
    in_every_order(backend, &events, "users", "user_1", &row);
}

/// A user as of a millisecond after the start.
fn user_at(updated_at: i64, first_name: &str) -> Value {
    json!({"id": "user_1", "object": "user", "first_name": first_name, "updated_at": START + updated_at})
}

/// An event that happened so many milliseconds after the start.
fn event(event_type: &str, timestamp: i64, data: &Value) -> Value {
    json!({"object": "event", "type": event_type, "timestamp": START + timestamp, "data": data})
}

/// Lets the events, each with its svix-id, arrive in every order, and compares the one row they leave.
fn in_every_order(backend: Backend, events: &[(&str, Value)], table: &str, id: &str, row: &MirrorRow) {
    let database = Database::new(backend, 1);
    let expected = BTreeMap::from([((table.to_owned(), id.to_owned()), row.clone())]);
    for order in permutations(events.len()) {
        let deliveries: Vec<_> =
            order.iter().map(|&index| delivery(events[index].0, &events[index].1)).collect();
        for size in [1, events.len()] {
            let batches: Vec<_> = deliveries.chunks(size).map(<[Delivery]>::to_vec).collect();
            workers::apply(&database, &batches, 1).unwrap();
            assert_eq!(database.rows().mirror(), expected, "in the order {order:?}, {size} at a time");
            database.clear();
        }
    }
}

fn delivery(svix_id: &str, event: &Value) -> Delivery {
    Delivery {
        svix_id: svix_id.to_owned(),
        svix_timestamp: START / 1000,
        svix_signature: "v1,".to_owned(),
        received_at: START,
        traceparent: None,
        body: event.to_string().into(),
    }
}

/// Every order of so many things.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![vec![]];
    for item in 0..count {
        let with_item = |order: &Vec<usize>| -> Vec<Vec<usize>> {
            (0..=order.len()).map(|place| [&order[..place], &[item], &order[place..]].concat()).collect()
        };
        orders = orders.iter().flat_map(with_item).collect();
    }
    orders
}
