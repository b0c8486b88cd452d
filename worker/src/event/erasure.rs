//! What may still be kept of an event that concerns somebody who has been erased.

use std::{borrow::Cow, collections::HashSet};

use super::{
    Change, Entry, Snapshot, Table, Verdict,
    filter::{Filter, filtered},
};

/// Of somebody who pays or has paid: the rest is their name and their addresses.
const PAYER_FIELDS: [&str; 7] =
    ["id", "object", "user_id", "organization_id", "organization_name", "created_at", "updated_at"];

impl<'a> Entry<'a> {
    /// The ids under which somebody's erasure may be recorded.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let inviter = match &self.verdict {
            Verdict::Mirror(change) => change.inviter_id.as_deref(),
            Verdict::Ignored | Verdict::Dead(_) => None,
        };
        [self.object_id.as_deref(), self.user_id.as_deref(), inviter].into_iter().flatten()
    }

    /// The entry without what concerns the erased; the ledger keeps nothing of the body then.
    ///
    /// What was bought stays, without the person who bought it. Of other objects nothing but their deletion stays.
    pub fn without(&self, erased: &HashSet<String>) -> Entry<'_> {
        let concerned = self.ids().any(|id| erased.contains(id));
        Entry {
            svix_id: Cow::Borrowed(&self.svix_id),
            event_type: self.event_type.as_deref().map(Cow::Borrowed),
            object_id: self.object_id.as_deref().map(Cow::Borrowed),
            user_id: self.user_id.as_deref().map(Cow::Borrowed),
            instance_id: self.instance_id.as_deref().map(Cow::Borrowed),
            occurred_at: self.occurred_at,
            received_at: self.received_at,
            payload: self.payload.filter(|_| !concerned),
            verdict: match &self.verdict {
                Verdict::Mirror(change) if concerned => self.remains(change, erased),
                Verdict::Mirror(change) => Verdict::Mirror(change.borrowed()),
                Verdict::Ignored => Verdict::Ignored,
                // A reason may quote what was in the body.
                Verdict::Dead(_) if concerned => Verdict::Dead(Cow::Borrowed("erased")),
                Verdict::Dead(reason) => Verdict::Dead(reason.clone()),
            },
        }
    }

    fn remains<'s>(&'s self, change: &'s Change<'a>, erased: &HashSet<String>) -> Verdict<'s> {
        let is_erased = |id: &Option<Cow<'_, str>>| id.as_deref().is_some_and(|id| erased.contains(id));
        let outlives_user = change.table.outlives_user();
        let own = is_erased(&self.object_id) || (is_erased(&self.user_id) && !outlives_user);
        let mut change = change.borrowed();
        change.snapshot = change.snapshot.filter(|_| !own).and_then(anonymous);
        if change.snapshot.is_none() && change.deleted_at.is_none() {
            return Verdict::Ignored;
        }
        Verdict::Mirror(change)
    }
}

impl Table {
    /// Whether what a user has there is no part of the user: what was bought stays in the books.
    pub fn outlives_user(self) -> bool {
        matches!(self, Self::Subscriptions | Self::SubscriptionItems | Self::PaymentAttempts)
    }
}

impl Change<'_> {
    fn borrowed(&self) -> Change<'_> {
        Change {
            table: self.table,
            id: Cow::Borrowed(&self.id),
            snapshot: self.snapshot.as_ref().map(|snapshot| Snapshot {
                version: snapshot.version.clone(),
                data: Cow::Borrowed(&snapshot.data),
            }),
            deleted_at: self.deleted_at,
            inviter_id: self.inviter_id.as_deref().map(Cow::Borrowed),
        }
    }
}

fn anonymous(snapshot: Snapshot<'_>) -> Option<Snapshot<'_>> {
    let data = without_person(&snapshot.data)?;
    Some(Snapshot { data: Cow::Owned(data), ..snapshot })
}

/// An object's data without the details of the person who pays for it or has sent it.
pub(crate) fn without_person(data: &str) -> Option<String> {
    filtered(data, Part::Object).ok()
}

/// Which part of an object a value is, as far as it matters for what must go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Object,
    Payer,
    PaymentSource,
    Whole,
}

impl Filter for Part {
    fn member(self, key: &str) -> Option<Self> {
        match (self, key) {
            (Self::Object, "public_inviter_data") => None,
            (Self::Object, "payer") => Some(Self::Payer),
            (Self::Object, "payment_source") => Some(Self::PaymentSource),
            (Self::Object, _) => Some(Self::Object),
            (Self::Payer, key) => PAYER_FIELDS.contains(&key).then_some(Self::Whole),
            (Self::PaymentSource, "last4") => None,
            _ => Some(Self::Whole),
        }
    }

    fn keeps_all(self, _text: &str) -> bool {
        self == Self::Whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Millis, Version};

    fn entry<'a>(table: Table, object: &'a str, user: Option<&'a str>, data: &'a str) -> Entry<'a> {
        let at = Millis::from_millis(1).unwrap();
        let snapshot = Snapshot { version: Version::new(at, at, "msg_1"), data: data.into() };
        Entry {
            svix_id: "msg_1".into(),
            event_type: Some("some.event".into()),
            object_id: Some(object.into()),
            user_id: user.map(Into::into),
            instance_id: None,
            occurred_at: at,
            received_at: at,
            payload: Some("{}"),
            verdict: Verdict::Mirror(Change {
                table,
                id: object.into(),
                snapshot: Some(snapshot),
                deleted_at: None,
                inviter_id: (table == Table::OrganizationInvitations).then(|| "user_inviter".into()),
            }),
        }
    }

    fn remaining(entry: &Entry<'_>, erased: &str) -> (bool, Option<String>) {
        let entry = entry.without(&HashSet::from([erased.to_owned()]));
        let data = match entry.verdict {
            Verdict::Mirror(change) => change.snapshot.map(|snapshot| snapshot.data.into_owned()),
            _ => None,
        };
        (entry.payload.is_some(), data)
    }

    #[test]
    fn nothing_is_kept_of_what_belonged_to_the_erased() {
        let session = entry(Table::Sessions, "sess_1", Some("user_1"), r#"{"ip":"::1"}"#);
        assert_eq!(remaining(&session, "user_1"), (false, None));
        assert_eq!(remaining(&session, "sess_1"), (false, None));
        assert_eq!(remaining(&session, "user_2"), (true, Some(r#"{"ip":"::1"}"#.into())));
    }

    #[test]
    fn nothing_is_quoted_of_a_body_that_cannot_be_applied() {
        let mut dead = entry(Table::Sessions, "sess_1", Some("user_1"), "{}");
        dead.verdict = Verdict::Dead("Ada is refused".into());
        let reason = |erased: &str| match dead.without(&HashSet::from([erased.to_owned()])).verdict {
            Verdict::Dead(reason) => reason,
            verdict => panic!("{verdict:?}"),
        };
        assert_eq!(reason("user_1"), "erased");
        assert_eq!(reason("user_2"), "Ada is refused");
    }

    #[test]
    fn a_deletion_stays() {
        let mut deletion = entry(Table::OrganizationMemberships, "orgmem_1", Some("user_1"), "{}");
        let Verdict::Mirror(change) = &mut deletion.verdict else { unreachable!() };
        change.deleted_at = Some(Millis::EPOCH);
        let erased = HashSet::from(["user_1".to_owned()]);
        let Verdict::Mirror(change) = deletion.without(&erased).verdict else { panic!() };
        assert!(change.snapshot.is_none() && change.deleted_at.is_some());
    }

    #[test]
    fn what_was_bought_stays_without_the_person() {
        let data = r#"{"id":"p","payer":{"user_id":"user_1","first_name":"Ada","email":"a@b.c","organization_name":"A"},"payment_source":{"id":"s","last4":"4242"},"subscription_items":[{"payer":{"last_name":"L"},"plan":{"name":"Pro","n":1e400}}]}"#;
        let payment = entry(Table::PaymentAttempts, "p", Some("user_1"), data);
        assert_eq!(
            remaining(&payment, "user_1"),
            (
                false,
                Some(r#"{"id":"p","payer":{"user_id":"user_1","organization_name":"A"},"payment_source":{"id":"s"},"subscription_items":[{"payer":{},"plan":{"name":"Pro","n":1e400}}]}"#.into())
            )
        );
    }

    #[test]
    fn an_invitation_outlives_the_one_who_sent_it() {
        let data = r#"{"id":"i","email_address":"x@y.z","public_inviter_data":{"first_name":"Ada"}}"#;
        let invitation = entry(Table::OrganizationInvitations, "i", None, data);
        assert_eq!(
            remaining(&invitation, "user_inviter"),
            (false, Some(r#"{"id":"i","email_address":"x@y.z"}"#.into()))
        );
        assert_eq!(remaining(&invitation, "i"), (false, None));
    }
}
