//! What a mirror must hold once it has been sent some events, worked out as plainly as can be.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Event;

/// Orders the snapshots of one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Newest {
    /// The object's `updated_at`, in milliseconds.
    pub updated_at: i64,
    /// The envelope's `timestamp`, in milliseconds.
    pub timestamp: i64,
    /// The id of the message.
    pub svix_id: String,
}

/// One row of a mirror table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExpectedRow {
    /// How new `data` is; none if nothing but the deletion is known.
    pub version: Option<Newest>,
    /// The newest snapshot, without what must never be stored.
    pub data: Option<Value>,
    /// When the object was deleted, in milliseconds.
    pub deleted_at: Option<i64>,
}

/// The rows of all mirror tables after `events`, by table and id.
///
/// The newest snapshot and the earliest deletion count, so the order of the events does not.
pub fn expected<'a>(
    events: impl IntoIterator<Item = &'a Event>,
) -> serde_json::Result<BTreeMap<(&'static str, String), ExpectedRow>> {
    let mut rows = BTreeMap::<_, ExpectedRow>::new();
    for event in events {
        let Some(table) = table(event.event_type) else { continue };
        let mut body: Value = serde_json::from_slice(&event.body)?;
        let data = redacted(body["data"].take());
        let Some(id) = data["id"].as_str() else { continue };
        let row = rows.entry((table, id.to_owned())).or_default();
        if event.event_type.ends_with(".deleted") {
            row.deleted_at = Some(row.deleted_at.map_or(event.timestamp, |known| known.min(event.timestamp)));
        }
        if data["deleted"] == Value::Bool(true) {
            continue;
        }
        let version = Some(Newest {
            updated_at: data["updated_at"].as_i64().unwrap_or_default(),
            timestamp: event.timestamp,
            svix_id: event.svix_id.to_string(),
        });
        if version > row.version {
            *row = ExpectedRow { version, data: Some(data), deleted_at: row.deleted_at };
        }
    }
    Ok(rows)
}

/// The mirror table of an event type; none for messages.
fn table(event_type: &str) -> Option<&'static str> {
    let (object, _) = event_type.split_once('.')?;
    Some(match object {
        "user" => "users",
        "session" => "sessions",
        "organization" => "organizations",
        "organizationMembership" => "organization_memberships",
        "organizationInvitation" => "organization_invitations",
        "organizationDomain" => "organization_domains",
        "role" => "roles",
        "permission" => "permissions",
        "invitation" => "invitations",
        "waitlistEntry" => "waitlist_entries",
        "subscription" => "subscriptions",
        "subscriptionItem" => "subscription_items",
        "paymentAttempt" => "payment_attempts",
        _ => return None,
    })
}

/// Without backup codes, and without the links that let an invited person in.
fn redacted(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.remove("backup_codes");
            if fields
                .get("object")
                .and_then(Value::as_str)
                .is_some_and(|object| object.ends_with("invitation"))
            {
                fields.remove("url");
            }
            for field in fields.values_mut() {
                *field = redacted(field.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = redacted(item.take());
            }
        }
        _ => {}
    }
    value
}
