DROP VIEW active_sessions;
DROP VIEW pending_invitations;
DROP VIEW organization_mfa;
DROP VIEW user_mfa;
DROP VIEW user_organizations;
DROP VIEW organization_members;
