//! The kinds of object that are mirrored and the events that speak of them, written down once more: the tests
//! must not take the program's word for it.

/// One kind of object.
#[derive(Debug)]
pub struct Kind {
    /// The mirror table it lives in.
    pub table: &'static str,
    /// The events that carry a snapshot of it.
    pub snapshots: &'static [&'static str],
    /// The event that says it is gone; some kinds have none.
    pub deletion: Option<&'static str>,
}

const fn kind(
    table: &'static str,
    snapshots: &'static [&'static str],
    deletion: Option<&'static str>,
) -> Kind {
    Kind { table, snapshots, deletion }
}

/// Every kind that is mirrored.
pub static KINDS: [Kind; 13] = [
    kind("users", &["user.created", "user.updated"], Some("user.deleted")),
    kind(
        "organization_memberships",
        &["organizationMembership.created", "organizationMembership.updated"],
        Some("organizationMembership.deleted"),
    ),
    kind("roles", &["role.created", "role.updated"], Some("role.deleted")),
    kind("permissions", &["permission.created", "permission.updated"], Some("permission.deleted")),
    kind("organizations", &["organization.created", "organization.updated"], Some("organization.deleted")),
    kind(
        "organization_domains",
        &["organizationDomain.created", "organizationDomain.updated"],
        Some("organizationDomain.deleted"),
    ),
    kind(
        "organization_invitations",
        &[
            "organizationInvitation.created",
            "organizationInvitation.accepted",
            "organizationInvitation.revoked",
        ],
        None,
    ),
    kind(
        "sessions",
        &["session.created", "session.pending", "session.ended", "session.removed", "session.revoked"],
        None,
    ),
    kind("invitations", &["invitation.created", "invitation.accepted", "invitation.revoked"], None),
    kind("waitlist_entries", &["waitlistEntry.created", "waitlistEntry.updated"], None),
    kind(
        "subscriptions",
        &["subscription.created", "subscription.updated", "subscription.active", "subscription.pastDue"],
        None,
    ),
    kind(
        "subscription_items",
        &[
            "subscriptionItem.created",
            "subscriptionItem.updated",
            "subscriptionItem.active",
            "subscriptionItem.canceled",
            "subscriptionItem.upcoming",
            "subscriptionItem.ended",
            "subscriptionItem.abandoned",
            "subscriptionItem.incomplete",
            "subscriptionItem.pastDue",
            "subscriptionItem.freeTrialEnding",
        ],
        None,
    ),
    kind("payment_attempts", &["paymentAttempt.created", "paymentAttempt.updated"], None),
];

/// E-mails and text messages: accounted for, never mirrored.
pub const MESSAGES: [&str; 2] = ["email.created", "sms.created"];

/// Types Clerk does not send, some of which look as if they spoke of a mirrored object.
pub const UNKNOWN: [&str; 3] = ["user.banned", "waitlistEntry.deleted", "apiKey.created"];

#[test]
fn no_event_type_of_the_program_is_left_out() {
    let mirrored = KINDS.iter().flat_map(|kind| kind.snapshots.iter().copied().chain(kind.deletion));
    let mut ours: Vec<_> = mirrored.chain(MESSAGES).collect();
    let mut theirs: Vec<_> = worker::event::Kind::known_types().collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
}
