DROP INDEX clerk.users_deleted_at_idx;
DROP TABLE clerk.erased;
