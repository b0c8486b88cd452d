//! Clerk's event types and the table each belongs to.

use std::{collections::HashMap, sync::LazyLock};

/// A mirror table. The order is the order in which a batch writes them: workers that lock rows in one
/// order cannot deadlock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `users`
    Users,
    /// `sessions`
    Sessions,
    /// `organizations`
    Organizations,
    /// `organization_memberships`
    OrganizationMemberships,
    /// `organization_invitations`
    OrganizationInvitations,
    /// `organization_domains`
    OrganizationDomains,
    /// `roles`
    Roles,
    /// `permissions`
    Permissions,
    /// `invitations`
    Invitations,
    /// `waitlist_entries`
    WaitlistEntries,
    /// `subscriptions`
    Subscriptions,
    /// `subscription_items`
    SubscriptionItems,
    /// `payment_attempts`
    PaymentAttempts,
}

impl Table {
    /// Every mirror table, in writing order.
    pub const ALL: [Self; 13] = [
        Self::Users,
        Self::Sessions,
        Self::Organizations,
        Self::OrganizationMemberships,
        Self::OrganizationInvitations,
        Self::OrganizationDomains,
        Self::Roles,
        Self::Permissions,
        Self::Invitations,
        Self::WaitlistEntries,
        Self::Subscriptions,
        Self::SubscriptionItems,
        Self::PaymentAttempts,
    ];

    /// The table's name, the same in both databases (in PostgreSQL in the schema `clerk`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Sessions => "sessions",
            Self::Organizations => "organizations",
            Self::OrganizationMemberships => "organization_memberships",
            Self::OrganizationInvitations => "organization_invitations",
            Self::OrganizationDomains => "organization_domains",
            Self::Roles => "roles",
            Self::Permissions => "permissions",
            Self::Invitations => "invitations",
            Self::WaitlistEntries => "waitlist_entries",
            Self::Subscriptions => "subscriptions",
            Self::SubscriptionItems => "subscription_items",
            Self::PaymentAttempts => "payment_attempts",
        }
    }
}

/// What an event type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A snapshot of an object.
    Snapshot(Table),
    /// A deletion, with or without a last snapshot of the object.
    Deletion(Table),
    /// An e-mail that Clerk sent: accounted for, its contents never kept.
    Email,
    /// A text message that Clerk sent: accounted for, its contents never kept.
    Sms,
    /// A type this version does not know.
    Unknown,
}

/// The types of Clerk's webhook catalogue of 2026-08, with `subscriptionItem.created` (removed from it in 2026-08) and
/// `invitation.*` (named by Clerk's own tools, in no catalogue).
const KNOWN: [(&str, Kind); 49] = [
    ("user.created", Kind::Snapshot(Table::Users)),
    ("user.updated", Kind::Snapshot(Table::Users)),
    ("user.deleted", Kind::Deletion(Table::Users)),
    ("session.created", Kind::Snapshot(Table::Sessions)),
    ("session.pending", Kind::Snapshot(Table::Sessions)),
    ("session.ended", Kind::Snapshot(Table::Sessions)),
    ("session.removed", Kind::Snapshot(Table::Sessions)),
    ("session.revoked", Kind::Snapshot(Table::Sessions)),
    ("organization.created", Kind::Snapshot(Table::Organizations)),
    ("organization.updated", Kind::Snapshot(Table::Organizations)),
    ("organization.deleted", Kind::Deletion(Table::Organizations)),
    ("organizationMembership.created", Kind::Snapshot(Table::OrganizationMemberships)),
    ("organizationMembership.updated", Kind::Snapshot(Table::OrganizationMemberships)),
    ("organizationMembership.deleted", Kind::Deletion(Table::OrganizationMemberships)),
    ("organizationInvitation.created", Kind::Snapshot(Table::OrganizationInvitations)),
    ("organizationInvitation.accepted", Kind::Snapshot(Table::OrganizationInvitations)),
    ("organizationInvitation.revoked", Kind::Snapshot(Table::OrganizationInvitations)),
    ("organizationDomain.created", Kind::Snapshot(Table::OrganizationDomains)),
    ("organizationDomain.updated", Kind::Snapshot(Table::OrganizationDomains)),
    ("organizationDomain.deleted", Kind::Deletion(Table::OrganizationDomains)),
    ("role.created", Kind::Snapshot(Table::Roles)),
    ("role.updated", Kind::Snapshot(Table::Roles)),
    ("role.deleted", Kind::Deletion(Table::Roles)),
    ("permission.created", Kind::Snapshot(Table::Permissions)),
    ("permission.updated", Kind::Snapshot(Table::Permissions)),
    ("permission.deleted", Kind::Deletion(Table::Permissions)),
    ("invitation.created", Kind::Snapshot(Table::Invitations)),
    ("invitation.accepted", Kind::Snapshot(Table::Invitations)),
    ("invitation.revoked", Kind::Snapshot(Table::Invitations)),
    ("waitlistEntry.created", Kind::Snapshot(Table::WaitlistEntries)),
    ("waitlistEntry.updated", Kind::Snapshot(Table::WaitlistEntries)),
    ("subscription.created", Kind::Snapshot(Table::Subscriptions)),
    ("subscription.updated", Kind::Snapshot(Table::Subscriptions)),
    ("subscription.active", Kind::Snapshot(Table::Subscriptions)),
    ("subscription.pastDue", Kind::Snapshot(Table::Subscriptions)),
    ("subscriptionItem.created", Kind::Snapshot(Table::SubscriptionItems)),
    ("subscriptionItem.updated", Kind::Snapshot(Table::SubscriptionItems)),
    ("subscriptionItem.active", Kind::Snapshot(Table::SubscriptionItems)),
    ("subscriptionItem.canceled", Kind::Snapshot(Table::SubscriptionItems)),
    ("subscriptionItem.upcoming", Kind::Snapshot(Table::SubscriptionItems)),
    ("subscriptionItem.ended", Kind::Snapshot(Table::SubscriptionItems)),
    ("subscriptionItem.abandoned", Kind::Snapshot(Table::SubscriptionItems)),
    ("subscriptionItem.incomplete", Kind::Snapshot(Table::SubscriptionItems)),
    ("subscriptionItem.pastDue", Kind::Snapshot(Table::SubscriptionItems)),
    ("subscriptionItem.freeTrialEnding", Kind::Snapshot(Table::SubscriptionItems)),
    ("paymentAttempt.created", Kind::Snapshot(Table::PaymentAttempts)),
    ("paymentAttempt.updated", Kind::Snapshot(Table::PaymentAttempts)),
    ("email.created", Kind::Email),
    ("sms.created", Kind::Sms),
];

impl Kind {
    /// Reads an event type.
    pub fn of(event_type: &str) -> Self {
        static BY_TYPE: LazyLock<HashMap<&str, Kind>> = LazyLock::new(|| HashMap::from(KNOWN));
        BY_TYPE.get(event_type).copied().unwrap_or(Self::Unknown)
    }

    /// Every event type this version knows.
    pub fn known_types() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|(event_type, _)| *event_type)
    }
}
