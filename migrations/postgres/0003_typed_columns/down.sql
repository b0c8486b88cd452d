-- The indexes go with their columns.
ALTER TABLE clerk.users
    DROP primary_email_address,
    DROP primary_email_address_verified,
    DROP primary_phone_number,
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

DROP FUNCTION
    clerk.json_text(jsonb, text),
    clerk.json_boolean(jsonb, text),
    clerk.json_bigint(jsonb, text),
    clerk.json_time(jsonb, text),
    clerk.json_object(jsonb, text),
    clerk.json_text_array(jsonb, text);
