-- The mirror: one table for each kind of object, one row for each object.
--
-- All tables share the four columns that are written. A row only ever moves forward (`data` to a greater
-- `version`, `deleted_at` to an earlier time), so the order of events cannot matter, and there are no foreign
-- keys, because a membership may arrive before its organization. What people query are columns computed from
-- `data`, added by later migrations.

CREATE TABLE clerk.users (
    id         text PRIMARY KEY,
    data       jsonb,
    version    text COLLATE "C" NOT NULL DEFAULT '',
    deleted_at timestamptz
) WITH (fillfactor = 90);

-- lz4 where the server has it, as in the ledger; the tables below inherit the setting.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE clerk.users ALTER data SET COMPRESSION lz4;
    END IF;
END
$$;

COMMENT ON COLUMN clerk.users.data IS
    'The newest snapshot Clerk sent, without the secrets in it; null when only the deletion is known.';
COMMENT ON COLUMN clerk.users.version IS
    'How new data is: sorts bytewise, empty when there is no snapshot. For comparing only.';
COMMENT ON COLUMN clerk.users.deleted_at IS
    'When the object was first deleted. A late update may refresh data, it never clears this.';

CREATE TABLE clerk.sessions                 (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.organizations            (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.organization_memberships (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.organization_invitations (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.organization_domains     (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.roles                    (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.permissions              (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.invitations              (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.waitlist_entries         (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.subscriptions            (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.subscription_items       (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);
CREATE TABLE clerk.payment_attempts         (LIKE clerk.users INCLUDING ALL) WITH (fillfactor = 90);

COMMENT ON TABLE clerk.users IS 'Clerk''s users.';
COMMENT ON TABLE clerk.sessions IS 'Clerk''s sessions; their end is a status, they are never deleted.';
COMMENT ON TABLE clerk.organizations IS 'Clerk''s organizations.';
COMMENT ON TABLE clerk.organization_memberships IS 'Who belongs to which organization, with which role.';
COMMENT ON TABLE clerk.organization_invitations IS 'Invitations into an organization.';
COMMENT ON TABLE clerk.organization_domains IS 'Domains whose users may join an organization.';
COMMENT ON TABLE clerk.roles IS 'Roles that members of organizations can have.';
COMMENT ON TABLE clerk.permissions IS 'Permissions that roles grant.';
COMMENT ON TABLE clerk.invitations IS 'Invitations to sign up.';
COMMENT ON TABLE clerk.waitlist_entries IS 'People waiting to be let in.';
COMMENT ON TABLE clerk.subscriptions IS 'Clerk Billing: subscriptions.';
COMMENT ON TABLE clerk.subscription_items IS 'Clerk Billing: the plans within subscriptions.';
COMMENT ON TABLE clerk.payment_attempts IS 'Clerk Billing: payment attempts.';
