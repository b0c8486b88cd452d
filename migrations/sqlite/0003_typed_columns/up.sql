-- Typed columns, taken from `data`: a new one is one migration and no code.
--
-- They are lenient: a missing field, a wrong type or a number out of range is NULL, never an error. Booleans
-- are 0 and 1, times are text such as 2026-11-23T15:54:40.123Z, objects and arrays are JSON.

-- A user's primary e-mail address and phone number are those whose id the user names. A generated column
-- cannot search an array, so these three are written by a trigger.
ALTER TABLE users ADD primary_email_address TEXT;
ALTER TABLE users ADD primary_email_address_verified INTEGER;
ALTER TABLE users ADD primary_phone_number TEXT;

CREATE TRIGGER users_primary_on_update AFTER UPDATE OF data ON users
BEGIN
    UPDATE users SET
        primary_email_address = (
            SELECT value ->> '$.email_address' FROM json_each(NEW.data, '$.email_addresses')
            WHERE type = 'object' AND value ->> '$.id' = NEW.data ->> '$.primary_email_address_id'
              AND json_type(value, '$.email_address') = 'text'
            LIMIT 1),
        primary_email_address_verified = CASE WHEN NEW.data IS NOT NULL THEN EXISTS (
            SELECT 1 FROM json_each(NEW.data, '$.email_addresses')
            WHERE type = 'object' AND value ->> '$.id' = NEW.data ->> '$.primary_email_address_id'
              AND value ->> '$.verification.status' = 'verified')
        END,
        primary_phone_number = (
            SELECT value ->> '$.phone_number' FROM json_each(NEW.data, '$.phone_numbers')
            WHERE type = 'object' AND value ->> '$.id' = NEW.data ->> '$.primary_phone_number_id'
              AND json_type(value, '$.phone_number') = 'text'
            LIMIT 1)
    WHERE id = NEW.id;
END;

CREATE TRIGGER users_primary_on_insert AFTER INSERT ON users
BEGIN
    UPDATE users SET data = data WHERE id = NEW.id;
END;

UPDATE users SET data = data;

ALTER TABLE users ADD username TEXT AS (
    CASE json_type(data, '$.username') WHEN 'text' THEN data ->> '$.username' END);
ALTER TABLE users ADD first_name TEXT AS (
    CASE json_type(data, '$.first_name') WHEN 'text' THEN data ->> '$.first_name' END);
ALTER TABLE users ADD last_name TEXT AS (
    CASE json_type(data, '$.last_name') WHEN 'text' THEN data ->> '$.last_name' END);
ALTER TABLE users ADD external_id TEXT AS (
    CASE json_type(data, '$.external_id') WHEN 'text' THEN data ->> '$.external_id' END);
ALTER TABLE users ADD image_url TEXT AS (
    CASE json_type(data, '$.image_url') WHEN 'text' THEN data ->> '$.image_url' END);
ALTER TABLE users ADD public_metadata TEXT AS (
    CASE json_type(data, '$.public_metadata') WHEN 'object' THEN data -> '$.public_metadata' END);
ALTER TABLE users ADD private_metadata TEXT AS (
    CASE json_type(data, '$.private_metadata') WHEN 'object' THEN data -> '$.private_metadata' END);
ALTER TABLE users ADD unsafe_metadata TEXT AS (
    CASE json_type(data, '$.unsafe_metadata') WHEN 'object' THEN data -> '$.unsafe_metadata' END);
ALTER TABLE users ADD password_enabled INTEGER AS (
    CASE json_type(data, '$.password_enabled') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE users ADD two_factor_enabled INTEGER AS (
    CASE json_type(data, '$.two_factor_enabled') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE users ADD totp_enabled INTEGER AS (
    CASE json_type(data, '$.totp_enabled') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE users ADD backup_code_enabled INTEGER AS (
    CASE json_type(data, '$.backup_code_enabled') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE users ADD mfa_enabled_at TEXT AS (
    CASE WHEN json_type(data, '$.mfa_enabled_at') IN ('integer', 'real') AND data ->> '$.mfa_enabled_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.mfa_enabled_at') / 1000.0, 'unixepoch') END);
ALTER TABLE users ADD mfa_disabled_at TEXT AS (
    CASE WHEN json_type(data, '$.mfa_disabled_at') IN ('integer', 'real') AND data ->> '$.mfa_disabled_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.mfa_disabled_at') / 1000.0, 'unixepoch') END);
ALTER TABLE users ADD banned INTEGER AS (
    CASE json_type(data, '$.banned') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE users ADD locked INTEGER AS (
    CASE json_type(data, '$.locked') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE users ADD deprovisioned INTEGER AS (
    CASE json_type(data, '$.deprovisioned') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE users ADD last_sign_in_at TEXT AS (
    CASE WHEN json_type(data, '$.last_sign_in_at') IN ('integer', 'real') AND data ->> '$.last_sign_in_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.last_sign_in_at') / 1000.0, 'unixepoch') END);
ALTER TABLE users ADD last_active_at TEXT AS (
    CASE WHEN json_type(data, '$.last_active_at') IN ('integer', 'real') AND data ->> '$.last_active_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.last_active_at') / 1000.0, 'unixepoch') END);
ALTER TABLE users ADD legal_accepted_at TEXT AS (
    CASE WHEN json_type(data, '$.legal_accepted_at') IN ('integer', 'real') AND data ->> '$.legal_accepted_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.legal_accepted_at') / 1000.0, 'unixepoch') END);
ALTER TABLE users ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE users ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX users_primary_email_address_idx ON users (primary_email_address);
CREATE INDEX users_external_id_idx ON users (external_id) WHERE external_id IS NOT NULL;

ALTER TABLE organizations ADD name TEXT AS (
    CASE json_type(data, '$.name') WHEN 'text' THEN data ->> '$.name' END);
ALTER TABLE organizations ADD slug TEXT AS (
    CASE json_type(data, '$.slug') WHEN 'text' THEN data ->> '$.slug' END);
ALTER TABLE organizations ADD image_url TEXT AS (
    CASE json_type(data, '$.image_url') WHEN 'text' THEN data ->> '$.image_url' END);
ALTER TABLE organizations ADD members_count INTEGER AS (
    CASE WHEN json_type(data, '$.members_count') = 'integer' AND typeof(data ->> '$.members_count') = 'integer'
    THEN data ->> '$.members_count' END);
ALTER TABLE organizations ADD max_allowed_memberships INTEGER AS (
    CASE WHEN json_type(data, '$.max_allowed_memberships') = 'integer' AND typeof(data ->> '$.max_allowed_memberships') = 'integer'
    THEN data ->> '$.max_allowed_memberships' END);
ALTER TABLE organizations ADD created_by TEXT AS (
    CASE json_type(data, '$.created_by') WHEN 'text' THEN data ->> '$.created_by' END);
ALTER TABLE organizations ADD public_metadata TEXT AS (
    CASE json_type(data, '$.public_metadata') WHEN 'object' THEN data -> '$.public_metadata' END);
ALTER TABLE organizations ADD private_metadata TEXT AS (
    CASE json_type(data, '$.private_metadata') WHEN 'object' THEN data -> '$.private_metadata' END);
ALTER TABLE organizations ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE organizations ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX organizations_slug_idx ON organizations (slug);

ALTER TABLE organization_memberships ADD organization_id TEXT AS (
    CASE json_type(data, '$.organization.id') WHEN 'text' THEN data ->> '$.organization.id' END);
ALTER TABLE organization_memberships ADD user_id TEXT AS (
    CASE json_type(data, '$.public_user_data.user_id') WHEN 'text' THEN data ->> '$.public_user_data.user_id' END);
ALTER TABLE organization_memberships ADD role TEXT AS (
    CASE json_type(data, '$.role') WHEN 'text' THEN data ->> '$.role' END);
ALTER TABLE organization_memberships ADD role_name TEXT AS (
    CASE json_type(data, '$.role_name') WHEN 'text' THEN data ->> '$.role_name' END);
ALTER TABLE organization_memberships ADD permissions TEXT AS (
    CASE json_type(data, '$.permissions') WHEN 'array' THEN data -> '$.permissions' END);
ALTER TABLE organization_memberships ADD public_metadata TEXT AS (
    CASE json_type(data, '$.public_metadata') WHEN 'object' THEN data -> '$.public_metadata' END);
ALTER TABLE organization_memberships ADD private_metadata TEXT AS (
    CASE json_type(data, '$.private_metadata') WHEN 'object' THEN data -> '$.private_metadata' END);
ALTER TABLE organization_memberships ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE organization_memberships ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX organization_memberships_organization_id_idx ON organization_memberships (organization_id, user_id);
CREATE INDEX organization_memberships_user_id_idx ON organization_memberships (user_id);
