DROP INDEX
    clerk.users_deleted_at_idx,
    clerk.organization_invitations_user_id_idx,
    clerk.organization_invitations_inviter_id_idx;
DROP TABLE clerk.erased;
