//! Batches with events in them that the database refuses.

use worker::apply::apply_batch;
use worker::event::Table;
use worker::store::{Outcome, Outcome::*};

use super::outcome_of;
use crate::counting::Counting;
use crate::database::Database;
use crate::events::*;

const BATCH: usize = 500;

/// Applies a whole batch of which these are refused; returns how many transactions that took.
fn transactions(database: &dyn Database, refused: impl Fn(usize) -> bool) -> usize {
    let names: Vec<_> = (0..BATCH)
        .map(|n| {
            let id = if refused(n) { format!("refused_{n:03}") } else { format!("user_{n:03}") };
            (format!("msg_{n:03}"), id)
        })
        .collect();
    let batch: Vec<_> = names.iter().map(|(svix_id, user)| snapshot(svix_id, user, 1, "{}")).collect();
    let expected: Vec<Outcome> = (0..BATCH).map(|n| if refused(n) { Dead } else { Applied }).collect();
    let store = Counting::over(database.store());
    assert_eq!(apply_batch(&store, &batch).unwrap(), expected);
    for (n, (svix_id, user)) in names.iter().enumerate() {
        let row = outcome_of(database, svix_id);
        assert_eq!((row.outcome, row.error), (expected[n], refused(n).then(|| database.refusal())));
        assert_eq!(database.row(Table::Users, user).is_some(), !refused(n), "{user}");
    }
    store.transactions()
}

pub fn one_refused_event_in_a_batch_costs_three_transactions(database: &dyn Database) {
    database.refuse_users("NEW.id LIKE 'refused%'");
    assert_eq!(transactions(database, |n| n == 123), 3);
}

pub fn a_batch_that_is_refused_altogether_costs_three_transactions(database: &dyn Database) {
    database.refuse_users("NEW.id LIKE 'refused%'");
    assert_eq!(transactions(database, |_| true), 3);
}

pub fn a_batch_without_a_refused_event_costs_one_transaction(database: &dyn Database) {
    assert_eq!(transactions(database, |_| false), 1);
}

pub fn of_several_events_about_one_object_only_the_refused_ones_are_dead(database: &dyn Database) {
    database.refuse_users("NEW.first_name = 'poison'");
    let poison = r#"{"first_name":"poison"}"#;
    let batch = [
        snapshot("msg_1", "user_1", 1, "{}"),
        snapshot("msg_2", "user_1", 2, poison),
        snapshot("msg_3", "user_2", 3, poison),
        snapshot("msg_4", "user_2", 4, "{}"),
        snapshot("msg_5", "user_3", 5, poison),
        deletion("msg_6", "user_3", 6),
        snapshot("msg_2", "user_1", 2, poison),
    ];
    // A snapshot that a newer one in the same batch has made obsolete is never written, so nothing is refused.
    assert_eq!(
        apply_batch(database.store(), &batch).unwrap(),
        [Applied, Dead, Stale, Applied, Dead, Applied, Duplicate]
    );
    assert_eq!(database.row(Table::Users, "user_1").unwrap().data.unwrap().to_string(), "{}");
    assert!(database.row(Table::Users, "user_3").unwrap().deleted_at.is_some());
}

pub fn events_that_cannot_be_together_are_parted(database: &dyn Database) {
    database.execute("CREATE UNIQUE INDEX one_of_a_name ON users (first_name)");
    let data = r#"{"first_name":"Ada"}"#;
    let batch = [
        snapshot("msg_1", "user_1", 1, data),
        snapshot("msg_2", "user_2", 2, data),
        snapshot("msg_3", "user_3", 3, "{}"),
    ];
    assert_eq!(apply_batch(database.store(), &batch).unwrap(), [Applied, Dead, Applied]);
}
