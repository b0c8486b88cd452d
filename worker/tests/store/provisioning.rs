//! Reacting in SQL: a trigger on the mirror that provisions a row of the application's.

use std::thread;

use serde_json::json;
use worker::apply::apply_batch;
use worker::event::{Entry, Table};
use worker::store::Outcome::{Applied, Dead};

use crate::database::Database;
use crate::events::*;
use crate::postgres::Postgres;

const EXAMPLE: &str = include_str!("../../../migrations/examples/provisioning.sql");

fn provisioned() -> Postgres {
    let database = Postgres::migrated();
    database.execute(EXAMPLE);
    // Whatever is ever provisioned, and how often.
    database.execute(
        "CREATE TABLE public.provisioned (user_id text);
         CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.provisioned VALUES (NEW.user_id); RETURN NULL; END $$;
         CREATE TRIGGER note AFTER INSERT ON public.accounts FOR EACH ROW EXECUTE FUNCTION public.note();",
    );
    database
}

fn user(email: &str) -> String {
    json!({"primary_email_address_id": "idn_1", "email_addresses": [{"id": "idn_1", "email_address": email}]})
        .to_string()
}

#[test]
fn each_user_is_provisioned_exactly_once_under_duplicates_and_reordering() {
    const USERS: usize = 20;
    let database = provisioned();
    let (old, new) = (user("old@example.com"), user("new@example.com"));
    let names: Vec<_> = (0..USERS).map(|n| (n, format!("user_{n:02}"))).collect();
    let ids: Vec<_> =
        names.iter().map(|(_, user)| [1, 2, 3].map(|time| format!("msg_{user}_{time}"))).collect();
    // Every third user is deleted; of every sixth the deletion comes first.
    let events: Vec<Vec<Entry<'_>>> = names
        .iter()
        .zip(&ids)
        .map(|((n, id), [created, updated, deleted])| {
            let mut events = vec![snapshot(updated, id, 2, &new), snapshot(created, id, 1, &old)];
            match n % 6 {
                0 => events.insert(0, deletion(deleted, id, 3)),
                3 => events.push(deletion(deleted, id, 3)),
                _ => {}
            }
            events
        })
        .collect();
    thread::scope(|scope| {
        for worker in 0..4 {
            let (database, events) = (&database, &events);
            scope.spawn(move || {
                let store = database.another_store();
                for n in 0..USERS {
                    let events = &events[(n + worker * 5) % USERS];
                    for batch in events.chunks(1 + worker % 2) {
                        apply_batch(&*store, batch).unwrap();
                    }
                }
            });
        }
    });
    let twice = "SELECT user_id AS value FROM public.provisioned GROUP BY 1 HAVING count(*) > 1";
    assert_eq!(database.texts(twice), []);
    let open = database.texts(
        "SELECT user_id || ' ' || email AS value FROM public.accounts WHERE closed_at IS NULL ORDER BY 1",
    );
    let expected: Vec<_> = names
        .iter()
        .filter(|(n, _)| n % 3 != 0)
        .map(|(_, id)| Some(format!("{id} new@example.com")))
        .collect();
    assert_eq!(open, expected);
    let closed = "SELECT user_id AS value FROM public.accounts WHERE closed_at IS NOT NULL ORDER BY 1";
    let deleted_last: Vec<_> =
        names.iter().filter(|(n, _)| n % 6 == 3).map(|(_, id)| Some(id.clone())).collect();
    let closed = database.texts(closed);
    // A worker may see a deletion that comes first only after another has seen the rest.
    assert!(deleted_last.iter().all(|id| closed.contains(id)), "{closed:?}");
}

#[test]
fn a_trigger_that_raises_makes_its_event_dead_and_nothing_else() {
    let database = provisioned();
    database.execute("ALTER TABLE public.accounts ADD CONSTRAINT company CHECK (email LIKE '%@example.com')");
    let (ours, theirs) = (user("ada@example.com"), user("eve@evil.com"));
    let batch = [
        snapshot("msg_1", "user_1", 1, &ours),
        snapshot("msg_2", "user_2", 1, &theirs),
        snapshot("msg_3", "user_3", 1, &ours),
        ignored("msg_4", 1),
    ];
    let outcomes = apply_batch(database.store(), &batch).unwrap();
    assert_eq!(outcomes[..3], [Applied, Dead, Applied]);
    let error = database.store().event("msg_2").unwrap().unwrap().error.unwrap();
    assert!(error.contains("company"), "{error}");
    assert_eq!(database.row(Table::Users, "user_2"), None);
    assert_eq!(database.texts("SELECT user_id AS value FROM public.accounts ORDER BY 1").len(), 2);
}
