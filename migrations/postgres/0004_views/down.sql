DROP VIEW
    clerk.active_sessions,
    clerk.pending_invitations,
    clerk.organization_mfa,
    clerk.user_mfa,
    clerk.user_organizations,
    clerk.organization_members;
