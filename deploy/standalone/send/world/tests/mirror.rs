//! What a mirror must hold after a run.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::super::{Dice, Event, Id, SECRET_MARKER, World, expected};

fn event(event_type: &'static str, timestamp: i64, svix: u8, data: &str) -> Event {
    let body = format!(r#"{{"object":"event","type":"{event_type}","timestamp":{timestamp},"data":{data}}}"#);
    Event { svix_id: Id::new("msg_", 1_700_000_000, [svix; 16]), event_type, timestamp, body: body.into() }
}

fn user(rows: &BTreeMap<(&'static str, String), super::super::ExpectedRow>) -> (Option<i64>, Option<i64>) {
    let row = &rows[&("users", "u".to_owned())];
    (row.data.as_ref().map(|data| data["n"].as_i64().unwrap()), row.deleted_at)
}

#[test]
fn the_newest_snapshot_and_the_earliest_deletion_count() {
    let snapshot = |n: i64, updated_at: i64, timestamp, svix| {
        event("user.updated", timestamp, svix, &format!(r#"{{"id":"u","n":{n},"updated_at":{updated_at}}}"#))
    };
    let deletion = |timestamp, svix| event("user.deleted", timestamp, svix, r#"{"id":"u","deleted":true}"#);

    let newer_change = [snapshot(1, 10, 99, 9), snapshot(2, 11, 12, 1)];
    assert_eq!(user(&expected(&newer_change).unwrap()), (Some(2), None));
    let newer_timestamp = [snapshot(1, 10, 13, 1), snapshot(2, 10, 12, 9)];
    assert_eq!(user(&expected(&newer_timestamp).unwrap()), (Some(1), None));
    let greater_id = [snapshot(1, 10, 12, 9), snapshot(2, 10, 12, 1)];
    assert_eq!(user(&expected(&greater_id).unwrap()), (Some(1), None));
    let deleted_twice = [deletion(30, 1), deletion(20, 2), snapshot(3, 40, 41, 3)];
    assert_eq!(user(&expected(&deleted_twice).unwrap()), (Some(3), Some(20)));
    assert_eq!(user(&expected(&[deletion(30, 1)]).unwrap()), (None, Some(30)));
}

#[test]
fn the_order_of_events_does_not_matter() {
    let mut events: Vec<_> = World::new(2).take(4_000).collect();
    let in_order = expected(&events).unwrap();
    let mut dice = Dice::new(1, 9);
    for place in (1..events.len()).rev() {
        events.swap(place, dice.below(place + 1));
    }
    assert!(in_order == expected(&events).unwrap());
    let tables: HashSet<_> = in_order.keys().map(|(table, _)| *table).collect();
    assert_eq!(tables.len(), 13);
}

#[test]
fn what_must_never_be_stored_is_sent_but_not_expected() {
    let events: Vec<_> = World::new(1).take(4_000).collect();
    let marked = |event_type: &str| {
        events
            .iter()
            .filter(|event| event.event_type == event_type)
            .any(|event| str::from_utf8(&event.body).unwrap().contains(SECRET_MARKER))
    };
    for event_type in [
        "user.updated",
        "session.created",
        "organizationInvitation.created",
        "invitation.accepted",
        "waitlistEntry.updated",
        "email.created",
        "sms.created",
    ] {
        assert!(marked(event_type), "{event_type} never holds a secret");
    }
    for ((table, id), row) in expected(&events).unwrap() {
        let data = row.data.as_ref().map(Value::to_string).unwrap_or_default();
        assert!(!data.contains(SECRET_MARKER), "{table} {id}: {data}");
    }
}
