-- Who and what has been erased: the ids of users, and of what was theirs alone. Whatever arrives later about them
-- is accounted for, and nothing of it is stored.
CREATE TABLE erased (
    id        TEXT PRIMARY KEY NOT NULL,
    erased_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

-- Deleted users, the longest deleted first: those whose time has come to be erased.
CREATE INDEX users_deleted_at_idx ON users (deleted_at) WHERE deleted_at IS NOT NULL;
-- The two other ways in which an invitation can be about a person, besides its address.
CREATE INDEX organization_invitations_user_id_idx ON organization_invitations (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX organization_invitations_inviter_id_idx ON organization_invitations (inviter_id)
    WHERE inviter_id IS NOT NULL;
