-- What names a column goes before it.
DROP TRIGGER users_primary_on_insert;
DROP TRIGGER users_primary_on_update;
DROP INDEX users_primary_email_address_idx;
DROP INDEX users_external_id_idx;

ALTER TABLE users DROP primary_email_address;
ALTER TABLE users DROP primary_email_address_verified;
ALTER TABLE users DROP primary_phone_number;
ALTER TABLE users DROP username;
ALTER TABLE users DROP first_name;
ALTER TABLE users DROP last_name;
ALTER TABLE users DROP external_id;
ALTER TABLE users DROP image_url;
ALTER TABLE users DROP public_metadata;
ALTER TABLE users DROP private_metadata;
ALTER TABLE users DROP unsafe_metadata;
ALTER TABLE users DROP password_enabled;
ALTER TABLE users DROP two_factor_enabled;
ALTER TABLE users DROP totp_enabled;
ALTER TABLE users DROP backup_code_enabled;
ALTER TABLE users DROP mfa_enabled_at;
ALTER TABLE users DROP mfa_disabled_at;
ALTER TABLE users DROP banned;
ALTER TABLE users DROP locked;
ALTER TABLE users DROP deprovisioned;
ALTER TABLE users DROP last_sign_in_at;
ALTER TABLE users DROP last_active_at;
ALTER TABLE users DROP legal_accepted_at;
ALTER TABLE users DROP created_at;
ALTER TABLE users DROP updated_at;

DROP INDEX organizations_slug_idx;

ALTER TABLE organizations DROP name;
ALTER TABLE organizations DROP slug;
ALTER TABLE organizations DROP image_url;
ALTER TABLE organizations DROP members_count;
ALTER TABLE organizations DROP max_allowed_memberships;
ALTER TABLE organizations DROP created_by;
ALTER TABLE organizations DROP public_metadata;
ALTER TABLE organizations DROP private_metadata;
ALTER TABLE organizations DROP created_at;
ALTER TABLE organizations DROP updated_at;

DROP INDEX organization_memberships_organization_id_idx;
DROP INDEX organization_memberships_user_id_idx;

ALTER TABLE organization_memberships DROP organization_id;
ALTER TABLE organization_memberships DROP user_id;
ALTER TABLE organization_memberships DROP role;
ALTER TABLE organization_memberships DROP role_name;
ALTER TABLE organization_memberships DROP permissions;
ALTER TABLE organization_memberships DROP public_metadata;
ALTER TABLE organization_memberships DROP private_metadata;
ALTER TABLE organization_memberships DROP created_at;
ALTER TABLE organization_memberships DROP updated_at;
