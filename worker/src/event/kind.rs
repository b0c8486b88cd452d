//! Clerk's event types and the table each belongs to.

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

impl Kind {
    /// Reads an event type.
    ///
    /// The types are those of Clerk's webhook catalogue of 2026-08, with `subscriptionItem.created` (removed
    /// from it in 2026-08) and `invitation.*` (named by Clerk's own tools, in no catalogue).
    pub fn of(event_type: &str) -> Self {
        use Table::*;
        match event_type {
            "user.created" | "user.updated" => Self::Snapshot(Users),
            "user.deleted" => Self::Deletion(Users),
            "session.created" | "session.pending" | "session.ended" | "session.removed" | "session.revoked" => {
                Self::Snapshot(Sessions)
            }
            "organization.created" | "organization.updated" => Self::Snapshot(Organizations),
            "organization.deleted" => Self::Deletion(Organizations),
            "organizationMembership.created" | "organizationMembership.updated" => {
                Self::Snapshot(OrganizationMemberships)
            }
            "organizationMembership.deleted" => Self::Deletion(OrganizationMemberships),
            "organizationInvitation.created"
            | "organizationInvitation.accepted"
            | "organizationInvitation.revoked" => Self::Snapshot(OrganizationInvitations),
            "organizationDomain.created" | "organizationDomain.updated" => Self::Snapshot(OrganizationDomains),
            "organizationDomain.deleted" => Self::Deletion(OrganizationDomains),
            "role.created" | "role.updated" => Self::Snapshot(Roles),
            "role.deleted" => Self::Deletion(Roles),
            "permission.created" | "permission.updated" => Self::Snapshot(Permissions),
            "permission.deleted" => Self::Deletion(Permissions),
            "invitation.created" | "invitation.accepted" | "invitation.revoked" => Self::Snapshot(Invitations),
            "waitlistEntry.created" | "waitlistEntry.updated" => Self::Snapshot(WaitlistEntries),
            "subscription.created" | "subscription.updated" | "subscription.active" | "subscription.pastDue" => {
                Self::Snapshot(Subscriptions)
            }
            "subscriptionItem.created"
            | "subscriptionItem.updated"
            | "subscriptionItem.active"
            | "subscriptionItem.canceled"
            | "subscriptionItem.upcoming"
            | "subscriptionItem.ended"
            | "subscriptionItem.abandoned"
            | "subscriptionItem.incomplete"
            | "subscriptionItem.pastDue"
            | "subscriptionItem.freeTrialEnding" => Self::Snapshot(SubscriptionItems),
            "paymentAttempt.created" | "paymentAttempt.updated" => Self::Snapshot(PaymentAttempts),
            "email.created" => Self::Email,
            "sms.created" => Self::Sms,
            _ => Self::Unknown,
        }
    }
}
