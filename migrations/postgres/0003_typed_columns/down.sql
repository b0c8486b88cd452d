-- The triggers go with their functions, the indexes with their columns.
DROP FUNCTION
    clerk.users_columns(),
    clerk.organizations_columns(),
    clerk.organization_memberships_columns(),
    clerk.sessions_columns(),
    clerk.organization_invitations_columns(),
    clerk.organization_domains_columns(),
    clerk.roles_columns(),
    clerk.permissions_columns(),
    clerk.invitations_columns(),
    clerk.waitlist_entries_columns(),
    clerk.subscriptions_columns(),
    clerk.subscription_items_columns(),
    clerk.payment_attempts_columns()
CASCADE;

ALTER TABLE clerk.users
    DROP primary_email_address,
    DROP primary_email_address_verified,
    DROP primary_phone_number,
    DROP verified_email_addresses,
    DROP username,
    DROP first_name,
    DROP last_name,
    DROP external_id,
    DROP image_url,
    DROP public_metadata,
    DROP private_metadata,
    DROP unsafe_metadata,
    DROP password_enabled,
    DROP two_factor_enabled,
    DROP totp_enabled,
    DROP backup_code_enabled,
    DROP mfa_enabled_at,
    DROP mfa_disabled_at,
    DROP banned,
    DROP locked,
    DROP deprovisioned,
    DROP last_sign_in_at,
    DROP last_active_at,
    DROP legal_accepted_at,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.organizations
    DROP name,
    DROP slug,
    DROP image_url,
    DROP members_count,
    DROP max_allowed_memberships,
    DROP created_by,
    DROP public_metadata,
    DROP private_metadata,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.organization_memberships
    DROP organization_id,
    DROP user_id,
    DROP role,
    DROP role_name,
    DROP permissions,
    DROP public_metadata,
    DROP private_metadata,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.sessions
    DROP user_id,
    DROP client_id,
    DROP status,
    DROP actor,
    DROP last_active_organization_id,
    DROP last_active_at,
    DROP expire_at,
    DROP abandon_at,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.organization_invitations
    DROP email_address,
    DROP organization_id,
    DROP role,
    DROP role_name,
    DROP status,
    DROP inviter_id,
    DROP user_id,
    DROP public_metadata,
    DROP expires_at,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.organization_domains
    DROP organization_id,
    DROP name,
    DROP enrollment_mode,
    DROP verified,
    DROP affiliation_email_address,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.roles
    DROP key,
    DROP name,
    DROP description,
    DROP is_creator_eligible,
    DROP permissions,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.permissions
    DROP key,
    DROP name,
    DROP description,
    DROP type,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.invitations
    DROP email_address,
    DROP status,
    DROP public_metadata,
    DROP expires_at,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.waitlist_entries
    DROP email_address,
    DROP status,
    DROP is_locked,
    DROP invitation_id,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.subscriptions
    DROP status,
    DROP payer_id,
    DROP payer_user_id,
    DROP payer_organization_id,
    DROP latest_payment_id,
    DROP active_at,
    DROP past_due_at,
    DROP canceled_at,
    DROP ended_at,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.subscription_items
    DROP subscription_id,
    DROP status,
    DROP plan_id,
    DROP plan_slug,
    DROP interval,
    DROP is_free_trial,
    DROP payer_user_id,
    DROP payer_organization_id,
    DROP period_start,
    DROP period_end,
    DROP created_at,
    DROP updated_at;

ALTER TABLE clerk.payment_attempts
    DROP status,
    DROP payment_id,
    DROP invoice_id,
    DROP charge_type,
    DROP payer_user_id,
    DROP payer_organization_id,
    DROP amount,
    DROP currency,
    DROP failed_reason_code,
    DROP billing_date,
    DROP paid_at,
    DROP failed_at,
    DROP created_at,
    DROP updated_at;

DROP FUNCTION
    clerk.json_text(jsonb, text),
    clerk.json_boolean(jsonb, text),
    clerk.json_bigint(jsonb, text),
    clerk.json_time(jsonb, text),
    clerk.json_object(jsonb, text),
    clerk.json_text_array(jsonb, jsonpath);

DROP PROCEDURE clerk.compute_by_trigger(regclass, text);
