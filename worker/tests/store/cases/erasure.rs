//! Erasing a person.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};
use shared::delivery::Delivery;
use worker::apply::apply_batch;
use worker::event::{Policy, Redacted, Table};
use worker::store::{Erasure, Outcome, Outcome::*};

use crate::database::Database;
use crate::events::{START, at};

/// When the person was deleted.
const DELETED: i64 = START + 1_000;

/// Applies one event as it comes from the queue.
pub fn deliver(
    database: &dyn Database,
    svix_id: &str,
    event_type: &str,
    timestamp: i64,
    data: &Value,
) -> Outcome {
    let body = json!({"type": event_type, "timestamp": timestamp, "instance_id": "ins_1", "data": data});
    let delivery = Delivery {
        svix_id: svix_id.to_owned(),
        svix_timestamp: timestamp / 1000,
        svix_signature: String::new(),
        received_at: timestamp + 50,
        traceparent: None,
        body: body.to_string().into_bytes().into(),
    };
    apply_batch(database.store(), &[Redacted::new(&delivery).entry(&Policy::default())]).unwrap()[0]
}

/// Everything that says something of `person`, marked with the person's name, and some of what it stands in.
pub fn life(person: &str) -> Vec<(&'static str, Value)> {
    let id = |prefix: &str| format!("{prefix}_{person}");
    let address = format!("{person}.PERSONAL@example.com");
    let payer = json!({"id": id("payer"), "user_id": id("user"), "first_name": format!("{person} PERSONAL"),
                       "email": address, "organization_id": ""});
    let times = |mut data: Value| {
        data["created_at"] = START.into();
        data["updated_at"] = START.into();
        data
    };
    let email_addresses =
        json!([{"id": "idn_1", "email_address": address, "verification": {"status": "verified"}}]);
    let user = json!({"id": id("user"), "first_name": format!("{person} PERSONAL"), "email_addresses": email_addresses,
                      "primary_email_address_id": "idn_1"});
    [
        ("user.created", user.clone()),
        ("user.updated", user.clone()),
        (
            "session.created",
            json!({"id": id("sess"), "user_id": id("user"), "user": user,
                                   "latest_activity": {"ip_address": "PERSONAL"}}),
        ),
        (
            "organizationMembership.created",
            json!({"id": id("orgmem"), "organization": {"id": "org_1"},
            "public_user_data": {"user_id": id("user"), "identifier": address}}),
        ),
        (
            "organizationInvitation.accepted",
            json!({"id": id("accepted"), "user_id": id("user"), "email_address": address}),
        ),
        (
            "organizationInvitation.created",
            json!({"id": id("invited"), "email_address": address.to_uppercase()}),
        ),
        (
            "organizationInvitation.created",
            json!({"id": id("inviting"), "email_address": "guest@example.com",
            "inviter_id": id("user"), "public_inviter_data": {"user_id": id("user"), "identifier": address}}),
        ),
        ("invitation.created", json!({"id": id("inv"), "email_address": address})),
        ("waitlistEntry.created", json!({"id": id("wait"), "email_address": address})),
        ("subscription.created", json!({"id": id("sub"), "payer": payer, "status": "active"})),
        ("subscriptionItem.active", json!({"id": id("item"), "payer": payer})),
        (
            "paymentAttempt.created",
            json!({"id": id("pay"), "payer": payer, "totals": {"grand_total": {"amount": 4200}}}),
        ),
        ("email.created", json!({"id": id("ema"), "user_id": id("user"), "to_email_address": address})),
        ("user.banned", json!({"id": id("user"), "note": "PERSONAL"})),
    ]
    .map(|(event_type, data)| (event_type, times(data)))
    .into()
}

pub fn live(database: &dyn Database, person: &str) {
    for (n, (event_type, data)) in life(person).iter().enumerate() {
        let outcome =
            deliver(database, &format!("msg_{person}_{n}"), event_type, START + 10 + n as i64, data);
        assert!(matches!(outcome, Applied | Ignored), "{event_type}: {outcome}");
    }
}

pub fn delete(database: &dyn Database, person: &str) {
    let data = json!({"id": format!("user_{person}"), "deleted": true});
    assert_eq!(deliver(database, &format!("msg_{person}_deleted"), "user.deleted", DELETED, &data), Applied);
}

fn occurrences(database: &dyn Database, person: &str) -> usize {
    let dump = database.dump().to_lowercase();
    dump.matches(&format!("{person}.personal")).count() + dump.matches(&format!("{person} personal")).count()
}

pub fn nothing_personal_of_the_erased_is_left(database: &dyn Database) {
    live(database, "ada");
    live(database, "bob");
    delete(database, "ada");
    assert!(occurrences(database, "ada") > 20);
    let of_bob = occurrences(database, "bob");

    let Erasure::Done(erased) = database.store().erase("user_ada").unwrap() else { panic!() };
    assert_eq!((erased.emptied, erased.anonymized, erased.payloads), (7, 4, 15));
    assert_eq!(occurrences(database, "ada"), 0);
    assert_eq!(occurrences(database, "bob"), of_bob);

    let text = |sql: &str| database.text(sql);
    let user = database.row(Table::Users, "user_ada").unwrap();
    assert_eq!((user.data, user.deleted_at.as_deref()), (None, Some("2024-05-28T08:00:01.000Z")));
    let session = database.row(Table::Sessions, "sess_ada").unwrap();
    assert_eq!((session.data, session.deleted_at.as_deref()), (None, Some("2024-05-28T08:00:01.000Z")));
    let payment = database.row(Table::PaymentAttempts, "pay_ada").unwrap();
    assert_eq!(payment.data.unwrap()["totals"]["grand_total"]["amount"], 4200);
    assert_eq!(payment.deleted_at, None);
    let guest = "SELECT email_address AS value FROM organization_invitations WHERE id = 'inviting_ada'";
    assert_eq!(text(guest).as_deref(), Some("guest@example.com"));
    let accounted =
        "SELECT CAST(count(*) AS text) AS value FROM webhook_events WHERE svix_id LIKE 'msg_ada%'";
    assert_eq!(text(accounted).as_deref(), Some("15"));
}

pub fn no_late_event_brings_the_erased_back(database: &dyn Database) {
    live(database, "ada");
    delete(database, "ada");
    let before = || database.row(Table::Users, "user_ada");
    assert!(matches!(database.store().erase("user_ada").unwrap(), Erasure::Done(_)));
    let erased = before();
    for (n, (event_type, mut data)) in life("ada").into_iter().enumerate() {
        data["updated_at"] = (DELETED + 5).into();
        let late = deliver(database, &format!("msg_late_{n}"), event_type, DELETED + 5, &data);
        let outlives = ["subscription", "paymentAttempt"].iter().any(|kind| event_type.starts_with(kind));
        let inviting = data["id"] == "inviting_ada";
        assert_eq!(late, if outlives || inviting { Applied } else { Ignored }, "{event_type}");
        // Something of theirs that was not known when they were erased.
        data["id"] = format!("{}_new", data["id"].as_str().unwrap()).into();
        if data["user_id"] == "user_ada" || data["public_user_data"]["user_id"] == "user_ada" {
            assert_eq!(
                deliver(database, &format!("msg_new_{n}"), event_type, DELETED + 6, &data),
                Ignored,
                "{event_type}"
            );
        }
    }
    assert_eq!(occurrences(database, "ada"), 0);
    assert_eq!(before(), erased);
}

pub fn an_earlier_deletion_still_counts_after_the_erasure(database: &dyn Database) {
    live(database, "ada");
    delete(database, "ada");
    database.store().erase("user_ada").unwrap();
    let data = json!({"id": "user_ada"});
    assert_eq!(deliver(database, "msg_earlier", "user.deleted", DELETED - 1, &data), Applied);
    let deleted_at = database.row(Table::Users, "user_ada").unwrap().deleted_at;
    assert_eq!(deleted_at.as_deref(), Some("2024-05-28T08:00:00.999Z"));
}

pub fn only_who_was_deleted_can_be_erased(database: &dyn Database) {
    assert_eq!(database.store().erase("user_ada").unwrap(), Erasure::Unknown);
    live(database, "ada");
    assert_eq!(database.store().erase("user_ada").unwrap(), Erasure::NotDeleted);
    assert!(occurrences(database, "ada") > 20);
    delete(database, "ada");
    assert!(matches!(database.store().erase("user_ada").unwrap(), Erasure::Done(_)));
    assert!(matches!(database.store().erase("user_ada").unwrap(), Erasure::Done(_)));
}

pub fn an_address_that_is_used_again_belongs_to_somebody_else(database: &dyn Database) {
    live(database, "ada");
    delete(database, "ada");
    let address = "ada.PERSONAL@example.com";
    let later = json!({"id": "inv_later", "email_address": address, "created_at": DELETED + 1, "updated_at": DELETED + 1});
    deliver(database, "msg_1", "invitation.created", DELETED + 1, &later);
    let claimed =
        json!({"id": "accepted_later", "email_address": address, "user_id": "user_2", "created_at": START});
    deliver(database, "msg_2", "organizationInvitation.accepted", DELETED + 2, &claimed);
    database.store().erase("user_ada").unwrap();
    assert!(database.row(Table::Invitations, "inv_later").unwrap().data.is_some());
    assert!(database.row(Table::OrganizationInvitations, "accepted_later").unwrap().data.is_some());
}

pub fn those_whose_time_has_come_are_the_longest_deleted(database: &dyn Database) {
    for (n, person) in ["ada", "bob", "cyd"].into_iter().enumerate() {
        let data = json!({"id": format!("user_{person}"), "deleted": true});
        deliver(database, &format!("msg_{n}"), "user.deleted", DELETED + n as i64, &data);
    }
    live(database, "dan");
    let erasable =
        |millis: i64, limit| database.store().erasable(at(DELETED - START + millis), limit).unwrap();
    assert_eq!(erasable(0, 10), [""; 0]);
    assert_eq!(erasable(2, 10), ["user_ada", "user_bob"]);
    assert_eq!(erasable(100, 1), ["user_ada"]);
    database.store().erase("user_ada").unwrap();
    assert_eq!(erasable(100, 10), ["user_bob", "user_cyd"]);
}

pub fn an_erasure_between_batches_lets_nothing_slip_through(database: &dyn Database) {
    live(database, "ada");
    delete(database, "ada");
    let start = Barrier::new(3);
    thread::scope(|scope| {
        for worker in 0..2 {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for n in 0..60 {
                    let (event_type, mut data) = life("ada").swap_remove(2 + n % 2);
                    data["id"] = format!("{}_{worker}_{n}", data["id"].as_str().unwrap()).into();
                    deliver(database, &format!("msg_{worker}_{n}"), event_type, DELETED, &data);
                }
            });
        }
        start.wait();
        assert!(matches!(database.store().erase("user_ada").unwrap(), Erasure::Done(_)));
    });
    assert_eq!(occurrences(database, "ada"), 0);
}
