//! Entries as decoding would give them.

use std::borrow::Cow;

use worker::event::{Change, Entry, Millis, Snapshot, Table, Verdict, Version};

/// When the cases' time begins: 2024-05-28T08:00:00Z.
pub const START: i64 = 1_716_883_200_000;

/// So many milliseconds after the start.
pub fn at(millis: i64) -> Millis {
    Millis::from_millis(START + millis).unwrap()
}

fn entry<'a>(svix_id: &'a str, event_type: &'a str, occurred: i64, verdict: Verdict<'a>) -> Entry<'a> {
    Entry {
        svix_id: Cow::Borrowed(svix_id),
        event_type: Some(Cow::Borrowed(event_type)),
        object_id: match &verdict {
            Verdict::Mirror(change) => Some(change.id.clone()),
            Verdict::Ignored | Verdict::Dead(_) => None,
        },
        user_id: None,
        instance_id: Some(Cow::Borrowed("ins_1")),
        occurred_at: at(occurred),
        received_at: at(occurred + 50),
        payload: Some(r#"{"type":"…"}"#),
        verdict,
    }
}

/// A snapshot in any table, updated at the time it is told of.
pub fn snapshot_in<'a>(table: Table, svix_id: &'a str, id: &'a str, time: i64, data: &'a str) -> Entry<'a> {
    let snapshot = Snapshot { version: Version::new(at(time), at(time), svix_id), data: data.into() };
    let change =
        Change { table, id: Cow::Borrowed(id), snapshot: Some(snapshot), deleted_at: None, inviter_id: None };
    entry(svix_id, "user.updated", time, Verdict::Mirror(change))
}

/// A snapshot of a user.
pub fn snapshot<'a>(svix_id: &'a str, id: &'a str, time: i64, data: &'a str) -> Entry<'a> {
    snapshot_in(Table::Users, svix_id, id, time, data)
}

/// A snapshot of a user that was updated earlier than the event says it occurred.
pub fn snapshot_of<'a>(
    svix_id: &'a str,
    id: &'a str,
    updated: i64,
    occurred: i64,
    data: &'a str,
) -> Entry<'a> {
    let snapshot = Snapshot { version: Version::new(at(updated), at(occurred), svix_id), data: data.into() };
    let change = Change {
        table: Table::Users,
        id: Cow::Borrowed(id),
        snapshot: Some(snapshot),
        deleted_at: None,
        inviter_id: None,
    };
    entry(svix_id, "user.updated", occurred, Verdict::Mirror(change))
}

/// A user's deletion.
pub fn deletion<'a>(svix_id: &'a str, id: &'a str, time: i64) -> Entry<'a> {
    let change = Change {
        table: Table::Users,
        id: Cow::Borrowed(id),
        snapshot: None,
        deleted_at: Some(at(time)),
        inviter_id: None,
    };
    entry(svix_id, "user.deleted", time, Verdict::Mirror(change))
}

/// A membership's deletion, which brings the membership as it last was.
pub fn deletion_with_snapshot<'a>(
    svix_id: &'a str,
    id: &'a str,
    updated: i64,
    time: i64,
    data: &'a str,
) -> Entry<'a> {
    let snapshot = Snapshot { version: Version::new(at(updated), at(time), svix_id), data: data.into() };
    let change = Change {
        table: Table::OrganizationMemberships,
        id: Cow::Borrowed(id),
        snapshot: Some(snapshot),
        deleted_at: Some(at(time)),
        inviter_id: None,
    };
    entry(svix_id, "organizationMembership.deleted", time, Verdict::Mirror(change))
}

/// An event that there is nothing to mirror of.
pub fn ignored(svix_id: &str, time: i64) -> Entry<'_> {
    entry(svix_id, "email.created", time, Verdict::Ignored)
}

/// A delivery that is no event.
pub fn dead(svix_id: &str, time: i64) -> Entry<'_> {
    let verdict = Verdict::Dead(Cow::Borrowed("the body is not JSON"));
    Entry { event_type: None, instance_id: None, ..entry(svix_id, "", time, verdict) }
}
