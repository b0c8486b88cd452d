-- Who and what has been erased: the ids of users, and of what was theirs alone. Whatever arrives later about them
-- is accounted for, and nothing of it is stored.
CREATE TABLE clerk.erased (
    id        text        PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now()
);

-- Deleted users, the longest deleted first: those whose time has come to be erased.
CREATE INDEX users_deleted_at_idx ON clerk.users (deleted_at) WHERE deleted_at IS NOT NULL;
-- The two other ways in which an invitation can be about a person, besides its address.
CREATE INDEX organization_invitations_user_id_idx ON clerk.organization_invitations (user_id)
    WHERE user_id IS NOT NULL;
CREATE INDEX organization_invitations_inviter_id_idx ON clerk.organization_invitations (inviter_id)
    WHERE inviter_id IS NOT NULL;

COMMENT ON TABLE clerk.erased IS
    'Users who have been erased, and what was theirs alone. Nothing that arrives later about them is stored.';
COMMENT ON COLUMN clerk.erased.id IS 'The id of a user, or of a session, a membership, an invitation, a waitlist entry.';
