//! From a delivery to an entry.

use std::borrow::Cow;
use std::panic::{self, AssertUnwindSafe};

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::{delivery::Delivery, signature::Verifier};

use super::{
    Change, Entry, Kind, Millis, Snapshot, Table, Verdict, Version, ksuid,
    redact::{opaque, redact},
    text::{storable, storable_json},
};

/// What a reason begins with when a signature turns out wrong behind the queue: the event may be forged.
pub(crate) const NOT_AS_SIGNED: &str = "the delivery in the queue is not the one that was signed";

/// What is accepted beyond what the event itself says.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Only events of this Clerk instance are mirrored.
    pub instance_id: Option<String>,
    /// Checks every signature once more, so that nobody can forge an event inside the broker.
    pub verifier: Option<Verifier>,
}

/// A delivery with its redacted body: what an [`Entry`] borrows from.
#[derive(Debug)]
pub struct Redacted<'a> {
    delivery: &'a Delivery,
    payload: Option<Cow<'a, str>>,
    /// Why the body cannot even be parsed.
    broken: Option<String>,
}

impl<'a> Redacted<'a> {
    /// Removes what is never stored.
    pub fn new(delivery: &'a Delivery) -> Self {
        Self::cleaned_by(delivery, |text| clean(text, delivery.event_type()))
    }

    fn cleaned_by(
        delivery: &'a Delivery,
        clean: impl FnOnce(&'a str) -> serde_json::Result<Cow<'a, str>>,
    ) -> Self {
        let redacted = match std::str::from_utf8(&delivery.body) {
            Ok(text) => contained(|| clean(text).map_err(|error| format!("the body is not JSON: {error}")))
                .unwrap_or_else(|panic| Err(panic.to_owned())),
            Err(_) => Err("the body is not JSON: it is not UTF-8".to_owned()),
        };
        match redacted {
            Ok(payload) => Self { delivery, payload: Some(payload), broken: None },
            Err(error) => {
                Self { delivery, payload: opaque(&delivery.body).map(Cow::Owned), broken: Some(error) }
            }
        }
    }

    /// Leaves the body as it is, unparsed, and keeps it only if it smells of nothing that is never stored.
    pub fn unparsed(delivery: &'a Delivery) -> Self {
        Self {
            delivery,
            payload: opaque(&delivery.body).map(Cow::Owned),
            broken: Some("nothing of it was parsed, because that may be what ends workers".to_owned()),
        }
    }

    /// What is recorded of a delivery that the queue gave up on: it is dead for this reason, and for its own if it has one.
    pub fn dead_letter(&self, policy: &Policy, reason: &str) -> Entry<'_> {
        let mut entry = self.entry(policy);
        // As the edge has read it, without parsing.
        entry.event_type = entry.event_type.or_else(|| self.delivery.event_type().map(Cow::Borrowed));
        entry.verdict = Verdict::Dead(match entry.verdict {
            Verdict::Dead(own) => format!("{reason}; {own}").into(),
            Verdict::Mirror(_) | Verdict::Ignored => reason.to_owned().into(),
        });
        entry
    }

    /// What the delivery means under `policy`.
    pub fn entry(&self, policy: &Policy) -> Entry<'_> {
        let mut entry = self.judged_by(|entry| self.judge(policy, entry));
        // Whatever else is wrong with it: this is the reason not to apply it later either.
        if let Some(reason) = self.forged(policy) {
            entry.verdict = Verdict::Dead(reason.into());
        }
        entry
    }

    fn judged_by<'s>(
        &'s self,
        judge: impl FnOnce(&mut Entry<'s>) -> Result<Verdict<'s>, Cow<'static, str>>,
    ) -> Entry<'s> {
        let mut entry = Entry {
            svix_id: storable(Cow::Borrowed(&self.delivery.svix_id)),
            event_type: None,
            object_id: None,
            user_id: None,
            instance_id: None,
            occurred_at: ksuid::created_at(&self.delivery.svix_id).unwrap_or(Millis::EPOCH),
            received_at: Millis::from_millis(self.delivery.received_at).unwrap_or(Millis::EPOCH),
            payload: self.payload.as_deref(),
            verdict: Verdict::Ignored,
        };
        let judged = contained(|| judge(&mut entry)).unwrap_or_else(|panic| Err(panic.into()));
        entry.verdict = judged.unwrap_or_else(Verdict::Dead);
        entry
    }

    /// Why the delivery may be forged.
    fn forged(&self, policy: &Policy) -> Option<String> {
        let rejection = policy.verifier.as_ref()?.verify_again(self.delivery).err()?;
        Some(format!("{NOT_AS_SIGNED}: {rejection}"))
    }

    /// Fills in what can be read, in the order in which it can be read, and says what is to be done.
    fn judge<'s>(&'s self, policy: &Policy, entry: &mut Entry<'s>) -> Result<Verdict<'s>, Cow<'static, str>> {
        if let Some(reason) = &self.broken {
            return Err(reason.clone().into());
        }
        let envelope = Envelope::parse(self.payload.as_deref().unwrap_or_default())?;
        let data = envelope.data.filter(|data| data.get().starts_with('{'));
        let head = data.map(|data| Head::parse(data.get()));
        let fields = head.as_ref().and_then(|head| head.as_ref().ok());

        entry.event_type = envelope.event_type.and_then(string);
        entry.instance_id = envelope.instance_id.and_then(string);
        entry.object_id = fields.and_then(|head| head.id).and_then(string);
        entry.user_id = if is_about_user(entry.event_type.as_deref()) {
            entry.object_id.clone()
        } else {
            fields.and_then(Head::user)
        };
        let updated_at = fields.and_then(|head| head.updated_at).and_then(time);
        entry.occurred_at = envelope
            .timestamp
            .and_then(time)
            .or_else(|| ksuid::created_at(&self.delivery.svix_id))
            .or(updated_at)
            .unwrap_or(Millis::EPOCH);

        let Some(event_type) = entry.event_type.as_deref() else {
            return Err("`type` is missing or not a string".into());
        };
        let kind = Kind::of(event_type);
        let (Kind::Snapshot(table) | Kind::Deletion(table)) = kind else { return Ok(Verdict::Ignored) };
        if is_foreign(policy, entry.instance_id.as_deref()) {
            return Ok(Verdict::Ignored);
        }
        let Some(data) = data else { return Err("`data` is missing or not an object".into()) };
        if let Some(Err(error)) = &head {
            return Err(format!("`data` is not usable: {error}").into());
        }
        let Some(id) = entry.object_id.clone().filter(|id| !id.is_empty()) else {
            return Err("`data.id` is missing or not a string".into());
        };
        let mut change = change(kind, table, id, data.get(), updated_at, entry);
        change.inviter_id = fields.and_then(|head| head.inviter_id).and_then(string);
        Ok(Verdict::Mirror(change))
    }
}

/// Runs a part of decoding so that a bug in it costs one event and not the worker. What a panic says may quote the
/// body, so it is not repeated.
fn contained<T>(decode: impl FnOnce() -> T) -> Result<T, &'static str> {
    panic::catch_unwind(AssertUnwindSafe(decode)).map_err(|_| "decoding panicked: a bug in clerk-mirror")
}

/// The body without what no database can hold and what must not be stored.
fn clean<'a>(body: &'a str, event_type: Option<&str>) -> serde_json::Result<Cow<'a, str>> {
    match storable_json(body) {
        Cow::Borrowed(body) => redact(body, event_type),
        Cow::Owned(body) => Ok(Cow::Owned(redact(&body, event_type)?.into_owned())),
    }
}

fn change<'s>(
    kind: Kind,
    table: Table,
    id: Cow<'s, str>,
    data: &'s str,
    updated_at: Option<Millis>,
    entry: &Entry<'s>,
) -> Change<'s> {
    let deleted_at = matches!(kind, Kind::Deletion(_)).then_some(entry.occurred_at);
    // Most deletions carry only an id. Those of memberships carry the whole object, those of roles and permissions may.
    let has_state = deleted_at.is_none() || updated_at.is_some();
    let snapshot = has_state.then(|| Snapshot {
        version: Version::new(updated_at.unwrap_or(entry.occurred_at), entry.occurred_at, &entry.svix_id),
        data: Cow::Borrowed(data),
    });
    Change { table, id, snapshot, deleted_at, inviter_id: None }
}

/// Of `user.created` and the like, the object is the user. By prefix, so that a type of tomorrow is covered too.
fn is_about_user(event_type: Option<&str>) -> bool {
    event_type.is_some_and(|event_type| event_type.starts_with("user."))
}

fn is_foreign(policy: &Policy, instance_id: Option<&str>) -> bool {
    match (policy.instance_id.as_deref(), instance_id) {
        (Some(ours), Some(theirs)) => ours != theirs,
        _ => false,
    }
}

/// The members are read leniently: one of a wrong type counts as missing.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    event_type: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    instance_id: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn parse(payload: &'a str) -> Result<Self, Cow<'static, str>> {
        if !payload.trim_start().starts_with('{') {
            return match serde_json::from_str::<&RawValue>(payload) {
                Ok(_) => Err("the body is not a JSON object".into()),
                Err(error) => Err(format!("the body is not JSON: {error}").into()),
            };
        }
        serde_json::from_str(payload).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => format!("the body is not an event: {error}").into(),
            _ => format!("the body is not JSON: {error}").into(),
        })
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    updated_at: Option<&'a RawValue>,
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    inviter_id: Option<&'a RawValue>,
    /// Of a membership: whose it is.
    #[serde(borrow)]
    public_user_data: Option<&'a RawValue>,
    /// Of billing's objects: who pays.
    #[serde(borrow)]
    payer: Option<&'a RawValue>,
}

impl<'a> Head<'a> {
    fn parse(data: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(data)
    }

    /// The user the object belongs to; billing writes an empty id where there is none.
    fn user(&self) -> Option<Cow<'a, str>> {
        #[derive(Deserialize)]
        struct Person<'a> {
            #[serde(borrow)]
            user_id: Option<&'a RawValue>,
        }
        let of_person = || {
            let person: Person<'a> =
                serde_json::from_str(self.public_user_data.or(self.payer)?.get()).ok()?;
            person.user_id
        };
        self.user_id.or_else(of_person).and_then(string).filter(|id| !id.is_empty())
    }
}

fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(value.get()).ok().map(|text| storable(text.0))
}

fn time(value: &RawValue) -> Option<Millis> {
    let text = value.get();
    let whole = || text.parse::<i64>().ok();
    let fraction =
        || text.parse::<f64>().ok().filter(|number| number.abs() < 1e18).map(|number| number as i64);
    whole().or_else(fraction).and_then(Millis::from_clerk)
}

#[cfg(test)]
mod tests;
