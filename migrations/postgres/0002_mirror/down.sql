DROP TABLE
    clerk.payment_attempts,
    clerk.subscription_items,
    clerk.subscriptions,
    clerk.waitlist_entries,
    clerk.invitations,
    clerk.permissions,
    clerk.roles,
    clerk.organization_domains,
    clerk.organization_invitations,
    clerk.organization_memberships,
    clerk.organizations,
    clerk.sessions,
    clerk.users;
