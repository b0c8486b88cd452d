//! What the ledger says, and what becomes of events that cannot be applied.

use worker::apply::apply_batch;
use worker::event::Table;
use worker::store::{EventFilter, LedgerRow, Outcome::*};

use super::outcome_of;
use crate::database::Database;
use crate::events::*;

const ANY: EventFilter =
    EventFilter { event_type: None, outcome: None, object_id: None, user_id: None, since: None, limit: 100 };

fn ids(rows: &[LedgerRow]) -> Vec<&str> {
    rows.iter().map(|row| row.svix_id.as_str()).collect()
}

pub fn ignored_and_dead_events_are_recorded_and_mirror_nothing(database: &dyn Database) {
    let store = database.store();
    assert_eq!(store.apply(&[dead("msg_2", 2), ignored("msg_1", 1)]).unwrap(), [Dead, Ignored]);
    let row = outcome_of(database, "msg_2");
    assert_eq!(row.error.as_deref(), Some("the body is not JSON"));
    assert_eq!(row.payload.as_deref(), Some(r#"{"type":"…"}"#));
    assert_eq!(row.occurred_at, at(2).to_datetime());
    assert_eq!(row.received_at, at(52).to_datetime());
    assert_eq!((row.event_type, row.object_id, row.instance_id), (None, None, None));
    let row = outcome_of(database, "msg_1");
    assert_eq!((row.event_type.as_deref(), row.error), (Some("email.created"), None));
    assert_eq!(row.instance_id.as_deref(), Some("ins_1"));
    assert_eq!(database.text("SELECT CAST(count(*) AS text) AS value FROM users").as_deref(), Some("0"));
    assert_eq!(store.event("msg_3").unwrap(), None);
}

pub fn one_event_that_is_refused_is_dead_and_the_rest_is_applied(database: &dyn Database) {
    database.refuse_user("user_05");
    let names: Vec<_> = (0..12).map(|n| (format!("msg_{n:02}"), format!("user_{n:02}"))).collect();
    let batch: Vec<_> = names.iter().map(|(svix_id, user)| snapshot(svix_id, user, 1, "{}")).collect();
    let mut expected = [Applied; 12];
    expected[5] = Dead;
    assert_eq!(apply_batch(database.store(), &batch).unwrap(), expected);
    assert!(database.row(Table::Users, "user_05").is_none());
    let row = outcome_of(database, "msg_05");
    assert_eq!((row.outcome, row.error), (Dead, Some(database.refusal())));
    assert_eq!(row.payload.as_deref(), Some(r#"{"type":"…"}"#));
    for (svix_id, user) in names.iter().filter(|(svix_id, _)| svix_id != "msg_05") {
        assert!(database.row(Table::Users, user).is_some(), "{user}");
        assert_eq!(outcome_of(database, svix_id).outcome, Applied);
    }
}

pub fn a_refused_event_is_a_duplicate_when_it_is_delivered_again(database: &dyn Database) {
    database.refuse_user("user_1");
    let batch = || [snapshot("msg_0", "user_0", 1, "{}"), snapshot("msg_1", "user_1", 1, "{}")];
    assert_eq!(apply_batch(database.store(), &batch()).unwrap(), [Applied, Dead]);
    assert_eq!(apply_batch(database.store(), &batch()).unwrap(), [Duplicate, Duplicate]);
}

pub fn a_missing_table_is_no_fault_of_the_events(database: &dyn Database) {
    let store = database.store();
    let batch =
        [snapshot("msg_1", "user_1", 1, "{}"), ignored("msg_2", 2), snapshot("msg_3", "user_3", 3, "{}")];
    database.execute("ALTER TABLE users RENAME TO users_away");
    let error = apply_batch(store, &batch).unwrap_err();
    assert!(error.retryable(), "{error}");
    assert_eq!(store.event("msg_1").unwrap(), None);
    database.execute("ALTER TABLE users_away RENAME TO users");
    let outcomes = apply_batch(store, &batch).unwrap();
    assert_eq!((outcomes[0], outcomes[2]), (Applied, Applied));
    assert_eq!(outcome_of(database, "msg_2").outcome, Ignored);
}

pub fn the_ledger_is_listed_newest_first_and_filtered(database: &dyn Database) {
    let store = database.store();
    let batch = [
        snapshot("msg_1", "user_1", 1, "{}"),
        deletion("msg_4", "user_1", 4),
        ignored("msg_2", 2),
        dead("msg_3", 3),
        snapshot("msg_0", "user_2", 0, "{}"),
    ];
    store.apply(&batch).unwrap();
    let list = |filter: EventFilter| ids(&store.events(&filter).unwrap()).join(" ");
    assert_eq!(list(ANY), "msg_4 msg_3 msg_2 msg_1 msg_0");
    assert_eq!(list(EventFilter { limit: 2, ..ANY }), "msg_4 msg_3");
    assert_eq!(list(EventFilter { outcome: Some(Dead), ..ANY }), "msg_3");
    assert_eq!(list(EventFilter { outcome: Some(Duplicate), ..ANY }), "");
    assert_eq!(list(EventFilter { event_type: Some("user.updated".into()), ..ANY }), "msg_1 msg_0");
    assert_eq!(list(EventFilter { object_id: Some("user_1".into()), ..ANY }), "msg_4 msg_1");
    assert_eq!(list(EventFilter { since: Some(at(52)), ..ANY }), "msg_4 msg_3 msg_2");
    let all =
        EventFilter { event_type: Some("user.updated".into()), object_id: Some("user_1".into()), ..ANY };
    assert_eq!(list(EventFilter { since: Some(at(51)), outcome: Some(Applied), ..all }), "msg_1");
}
