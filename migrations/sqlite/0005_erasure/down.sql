DROP INDEX users_deleted_at_idx;
DROP INDEX organization_invitations_user_id_idx;
DROP INDEX organization_invitations_inviter_id_idx;
DROP TABLE erased;
