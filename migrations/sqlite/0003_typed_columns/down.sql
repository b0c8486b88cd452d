-- What names a column goes before it.
DROP TRIGGER users_contacts_on_insert;
DROP TRIGGER users_contacts_on_update;
DROP INDEX users_primary_email_address_idx;
DROP INDEX users_external_id_idx;

ALTER TABLE users DROP primary_email_address;
ALTER TABLE users DROP primary_email_address_verified;
ALTER TABLE users DROP primary_phone_number;
ALTER TABLE users DROP verified_email_addresses;
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

DROP INDEX sessions_user_id_idx;
DROP INDEX sessions_active_idx;

ALTER TABLE sessions DROP user_id;
ALTER TABLE sessions DROP client_id;
ALTER TABLE sessions DROP status;
ALTER TABLE sessions DROP actor;
ALTER TABLE sessions DROP last_active_organization_id;
ALTER TABLE sessions DROP last_active_at;
ALTER TABLE sessions DROP expire_at;
ALTER TABLE sessions DROP abandon_at;
ALTER TABLE sessions DROP created_at;
ALTER TABLE sessions DROP updated_at;

DROP INDEX organization_invitations_email_address_idx;
DROP INDEX organization_invitations_organization_id_idx;

ALTER TABLE organization_invitations DROP email_address;
ALTER TABLE organization_invitations DROP organization_id;
ALTER TABLE organization_invitations DROP role;
ALTER TABLE organization_invitations DROP role_name;
ALTER TABLE organization_invitations DROP status;
ALTER TABLE organization_invitations DROP inviter_id;
ALTER TABLE organization_invitations DROP user_id;
ALTER TABLE organization_invitations DROP public_metadata;
ALTER TABLE organization_invitations DROP expires_at;
ALTER TABLE organization_invitations DROP created_at;
ALTER TABLE organization_invitations DROP updated_at;

DROP INDEX organization_domains_organization_id_idx;
DROP INDEX organization_domains_name_idx;

ALTER TABLE organization_domains DROP organization_id;
ALTER TABLE organization_domains DROP name;
ALTER TABLE organization_domains DROP enrollment_mode;
ALTER TABLE organization_domains DROP verified;
ALTER TABLE organization_domains DROP affiliation_email_address;
ALTER TABLE organization_domains DROP created_at;
ALTER TABLE organization_domains DROP updated_at;

DROP TRIGGER roles_permissions_on_insert;
DROP TRIGGER roles_permissions_on_update;
DROP INDEX roles_key_idx;

ALTER TABLE roles DROP key;
ALTER TABLE roles DROP name;
ALTER TABLE roles DROP description;
ALTER TABLE roles DROP is_creator_eligible;
ALTER TABLE roles DROP permissions;
ALTER TABLE roles DROP created_at;
ALTER TABLE roles DROP updated_at;

ALTER TABLE permissions DROP key;
ALTER TABLE permissions DROP name;
ALTER TABLE permissions DROP description;
ALTER TABLE permissions DROP type;
ALTER TABLE permissions DROP created_at;
ALTER TABLE permissions DROP updated_at;

DROP INDEX invitations_email_address_idx;

ALTER TABLE invitations DROP email_address;
ALTER TABLE invitations DROP status;
ALTER TABLE invitations DROP public_metadata;
ALTER TABLE invitations DROP expires_at;
ALTER TABLE invitations DROP created_at;
ALTER TABLE invitations DROP updated_at;

DROP INDEX waitlist_entries_email_address_idx;

ALTER TABLE waitlist_entries DROP email_address;
ALTER TABLE waitlist_entries DROP status;
ALTER TABLE waitlist_entries DROP is_locked;
ALTER TABLE waitlist_entries DROP invitation_id;
ALTER TABLE waitlist_entries DROP created_at;
ALTER TABLE waitlist_entries DROP updated_at;

DROP INDEX subscriptions_payer_user_id_idx;
DROP INDEX subscriptions_payer_organization_id_idx;

ALTER TABLE subscriptions DROP status;
ALTER TABLE subscriptions DROP payer_id;
ALTER TABLE subscriptions DROP payer_user_id;
ALTER TABLE subscriptions DROP payer_organization_id;
ALTER TABLE subscriptions DROP latest_payment_id;
ALTER TABLE subscriptions DROP active_at;
ALTER TABLE subscriptions DROP past_due_at;
ALTER TABLE subscriptions DROP canceled_at;
ALTER TABLE subscriptions DROP ended_at;
ALTER TABLE subscriptions DROP created_at;
ALTER TABLE subscriptions DROP updated_at;

DROP INDEX subscription_items_subscription_id_idx;
DROP INDEX subscription_items_payer_user_id_idx;
DROP INDEX subscription_items_payer_organization_id_idx;

ALTER TABLE subscription_items DROP subscription_id;
ALTER TABLE subscription_items DROP status;
ALTER TABLE subscription_items DROP plan_id;
ALTER TABLE subscription_items DROP plan_slug;
ALTER TABLE subscription_items DROP interval;
ALTER TABLE subscription_items DROP is_free_trial;
ALTER TABLE subscription_items DROP payer_user_id;
ALTER TABLE subscription_items DROP payer_organization_id;
ALTER TABLE subscription_items DROP period_start;
ALTER TABLE subscription_items DROP period_end;
ALTER TABLE subscription_items DROP created_at;
ALTER TABLE subscription_items DROP updated_at;

DROP INDEX payment_attempts_payer_user_id_idx;
DROP INDEX payment_attempts_payer_organization_id_idx;

ALTER TABLE payment_attempts DROP status;
ALTER TABLE payment_attempts DROP payment_id;
ALTER TABLE payment_attempts DROP invoice_id;
ALTER TABLE payment_attempts DROP charge_type;
ALTER TABLE payment_attempts DROP payer_user_id;
ALTER TABLE payment_attempts DROP payer_organization_id;
ALTER TABLE payment_attempts DROP amount;
ALTER TABLE payment_attempts DROP currency;
ALTER TABLE payment_attempts DROP failed_reason_code;
ALTER TABLE payment_attempts DROP billing_date;
ALTER TABLE payment_attempts DROP paid_at;
ALTER TABLE payment_attempts DROP failed_at;
ALTER TABLE payment_attempts DROP created_at;
ALTER TABLE payment_attempts DROP updated_at;
