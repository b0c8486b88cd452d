-- Typed columns, taken from `data`: a new one is one migration and no code.
--
-- They are lenient: a missing field, a wrong type or a number out of range is NULL, never an error. Booleans
-- are 0 and 1, times are text such as 2026-11-23T15:54:40.123Z, objects and arrays are JSON.

-- A user's primary e-mail address and phone number are those whose id the user names. A generated column
-- cannot search an array, so these four are written by a trigger.
ALTER TABLE users ADD primary_email_address TEXT;
ALTER TABLE users ADD primary_email_address_verified INTEGER;
ALTER TABLE users ADD primary_phone_number TEXT;
ALTER TABLE users ADD verified_email_addresses TEXT;

CREATE TRIGGER users_contacts_on_update AFTER UPDATE OF data ON users
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
            LIMIT 1),
        verified_email_addresses = CASE json_type(NEW.data, '$.email_addresses') WHEN 'array' THEN (
            SELECT json_group_array(value ->> '$.email_address') FROM json_each(NEW.data, '$.email_addresses')
            WHERE type = 'object' AND value ->> '$.verification.status' = 'verified'
              AND json_type(value, '$.email_address') = 'text')
        END
    WHERE id = NEW.id;
END;

CREATE TRIGGER users_contacts_on_insert AFTER INSERT ON users
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

ALTER TABLE sessions ADD user_id TEXT AS (
    CASE json_type(data, '$.user_id') WHEN 'text' THEN data ->> '$.user_id' END);
ALTER TABLE sessions ADD client_id TEXT AS (
    CASE json_type(data, '$.client_id') WHEN 'text' THEN data ->> '$.client_id' END);
ALTER TABLE sessions ADD status TEXT AS (
    CASE json_type(data, '$.status') WHEN 'text' THEN data ->> '$.status' END);
ALTER TABLE sessions ADD actor TEXT AS (
    CASE json_type(data, '$.actor') WHEN 'object' THEN data -> '$.actor' END);
ALTER TABLE sessions ADD last_active_organization_id TEXT AS (
    CASE json_type(data, '$.last_active_organization_id') WHEN 'text' THEN data ->> '$.last_active_organization_id' END);
ALTER TABLE sessions ADD last_active_at TEXT AS (
    CASE WHEN json_type(data, '$.last_active_at') IN ('integer', 'real') AND data ->> '$.last_active_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.last_active_at') / 1000.0, 'unixepoch') END);
ALTER TABLE sessions ADD expire_at TEXT AS (
    CASE WHEN json_type(data, '$.expire_at') IN ('integer', 'real') AND data ->> '$.expire_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.expire_at') / 1000.0, 'unixepoch') END);
ALTER TABLE sessions ADD abandon_at TEXT AS (
    CASE WHEN json_type(data, '$.abandon_at') IN ('integer', 'real') AND data ->> '$.abandon_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.abandon_at') / 1000.0, 'unixepoch') END);
ALTER TABLE sessions ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE sessions ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX sessions_user_id_idx ON sessions (user_id);
-- Sessions that have ended stay, and become most of the table.
CREATE INDEX sessions_active_idx ON sessions (expire_at) WHERE status = 'active';

ALTER TABLE organization_invitations ADD email_address TEXT AS (
    CASE json_type(data, '$.email_address') WHEN 'text' THEN data ->> '$.email_address' END);
ALTER TABLE organization_invitations ADD organization_id TEXT AS (
    CASE json_type(data, '$.organization_id') WHEN 'text' THEN data ->> '$.organization_id' END);
ALTER TABLE organization_invitations ADD role TEXT AS (
    CASE json_type(data, '$.role') WHEN 'text' THEN data ->> '$.role' END);
ALTER TABLE organization_invitations ADD role_name TEXT AS (
    CASE json_type(data, '$.role_name') WHEN 'text' THEN data ->> '$.role_name' END);
ALTER TABLE organization_invitations ADD status TEXT AS (
    CASE json_type(data, '$.status') WHEN 'text' THEN data ->> '$.status' END);
ALTER TABLE organization_invitations ADD inviter_id TEXT AS (
    CASE json_type(data, '$.inviter_id') WHEN 'text' THEN data ->> '$.inviter_id' END);
ALTER TABLE organization_invitations ADD user_id TEXT AS (
    CASE json_type(data, '$.user_id') WHEN 'text' THEN data ->> '$.user_id' END);
ALTER TABLE organization_invitations ADD public_metadata TEXT AS (
    CASE json_type(data, '$.public_metadata') WHEN 'object' THEN data -> '$.public_metadata' END);
ALTER TABLE organization_invitations ADD expires_at TEXT AS (
    CASE WHEN json_type(data, '$.expires_at') IN ('integer', 'real') AND data ->> '$.expires_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.expires_at') / 1000.0, 'unixepoch') END);
ALTER TABLE organization_invitations ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE organization_invitations ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX organization_invitations_email_address_idx ON organization_invitations (lower(email_address));
CREATE INDEX organization_invitations_organization_id_idx ON organization_invitations (organization_id);

ALTER TABLE organization_domains ADD organization_id TEXT AS (
    CASE json_type(data, '$.organization_id') WHEN 'text' THEN data ->> '$.organization_id' END);
ALTER TABLE organization_domains ADD name TEXT AS (
    CASE json_type(data, '$.name') WHEN 'text' THEN data ->> '$.name' END);
ALTER TABLE organization_domains ADD enrollment_mode TEXT AS (
    CASE json_type(data, '$.enrollment_mode') WHEN 'text' THEN data ->> '$.enrollment_mode' END);
ALTER TABLE organization_domains ADD verified INTEGER AS (
    CASE WHEN data IS NOT NULL THEN
        data ->> '$.affiliation_verification.status' IS 'verified'
        OR data ->> '$.ownership_verification.status' IS 'verified'
        OR data ->> '$.verification.status' IS 'verified'
    END);
ALTER TABLE organization_domains ADD affiliation_email_address TEXT AS (
    CASE json_type(data, '$.affiliation_email_address') WHEN 'text' THEN data ->> '$.affiliation_email_address' END);
ALTER TABLE organization_domains ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE organization_domains ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX organization_domains_organization_id_idx ON organization_domains (organization_id);
CREATE INDEX organization_domains_name_idx ON organization_domains (lower(name));

-- The keys of a role's permissions are in an array, so they are written by a trigger too.
ALTER TABLE roles ADD permissions TEXT;

CREATE TRIGGER roles_permissions_on_update AFTER UPDATE OF data ON roles
BEGIN
    UPDATE roles SET
        permissions = CASE json_type(NEW.data, '$.permissions') WHEN 'array' THEN (
            SELECT json_group_array(value ->> '$.key') FROM json_each(NEW.data, '$.permissions')
            WHERE type = 'object' AND json_type(value, '$.key') = 'text')
        END
    WHERE id = NEW.id;
END;

CREATE TRIGGER roles_permissions_on_insert AFTER INSERT ON roles
BEGIN
    UPDATE roles SET data = data WHERE id = NEW.id;
END;

UPDATE roles SET data = data;

ALTER TABLE roles ADD key TEXT AS (
    CASE json_type(data, '$.key') WHEN 'text' THEN data ->> '$.key' END);
ALTER TABLE roles ADD name TEXT AS (
    CASE json_type(data, '$.name') WHEN 'text' THEN data ->> '$.name' END);
ALTER TABLE roles ADD description TEXT AS (
    CASE json_type(data, '$.description') WHEN 'text' THEN data ->> '$.description' END);
ALTER TABLE roles ADD is_creator_eligible INTEGER AS (
    CASE json_type(data, '$.is_creator_eligible') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE roles ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE roles ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX roles_key_idx ON roles (key);

ALTER TABLE permissions ADD key TEXT AS (
    CASE json_type(data, '$.key') WHEN 'text' THEN data ->> '$.key' END);
ALTER TABLE permissions ADD name TEXT AS (
    CASE json_type(data, '$.name') WHEN 'text' THEN data ->> '$.name' END);
ALTER TABLE permissions ADD description TEXT AS (
    CASE json_type(data, '$.description') WHEN 'text' THEN data ->> '$.description' END);
ALTER TABLE permissions ADD type TEXT AS (
    CASE json_type(data, '$.type') WHEN 'text' THEN data ->> '$.type' END);
ALTER TABLE permissions ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE permissions ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

ALTER TABLE invitations ADD email_address TEXT AS (
    CASE json_type(data, '$.email_address') WHEN 'text' THEN data ->> '$.email_address' END);
ALTER TABLE invitations ADD status TEXT AS (
    CASE json_type(data, '$.status') WHEN 'text' THEN data ->> '$.status' END);
ALTER TABLE invitations ADD public_metadata TEXT AS (
    CASE json_type(data, '$.public_metadata') WHEN 'object' THEN data -> '$.public_metadata' END);
ALTER TABLE invitations ADD expires_at TEXT AS (
    CASE WHEN json_type(data, '$.expires_at') IN ('integer', 'real') AND data ->> '$.expires_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.expires_at') / 1000.0, 'unixepoch') END);
ALTER TABLE invitations ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE invitations ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX invitations_email_address_idx ON invitations (lower(email_address));

ALTER TABLE waitlist_entries ADD email_address TEXT AS (
    CASE json_type(data, '$.email_address') WHEN 'text' THEN data ->> '$.email_address' END);
ALTER TABLE waitlist_entries ADD status TEXT AS (
    CASE json_type(data, '$.status') WHEN 'text' THEN data ->> '$.status' END);
ALTER TABLE waitlist_entries ADD is_locked INTEGER AS (
    CASE json_type(data, '$.is_locked') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE waitlist_entries ADD invitation_id TEXT AS (
    CASE json_type(data, '$.invitation.id') WHEN 'text' THEN data ->> '$.invitation.id' END);
ALTER TABLE waitlist_entries ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE waitlist_entries ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX waitlist_entries_email_address_idx ON waitlist_entries (lower(email_address));

-- Clerk fills one of a payer's two ids and sends the other as the empty text.
ALTER TABLE subscriptions ADD status TEXT AS (
    CASE json_type(data, '$.status') WHEN 'text' THEN data ->> '$.status' END);
ALTER TABLE subscriptions ADD payer_id TEXT AS (
    CASE json_type(data, '$.payer_id') WHEN 'text' THEN nullif(data ->> '$.payer_id', '') END);
ALTER TABLE subscriptions ADD payer_user_id TEXT AS (
    CASE json_type(data, '$.payer.user_id') WHEN 'text' THEN nullif(data ->> '$.payer.user_id', '') END);
ALTER TABLE subscriptions ADD payer_organization_id TEXT AS (
    CASE json_type(data, '$.payer.organization_id') WHEN 'text' THEN nullif(data ->> '$.payer.organization_id', '') END);
ALTER TABLE subscriptions ADD latest_payment_id TEXT AS (
    CASE json_type(data, '$.latest_payment_id') WHEN 'text' THEN data ->> '$.latest_payment_id' END);
ALTER TABLE subscriptions ADD active_at TEXT AS (
    CASE WHEN json_type(data, '$.active_at') IN ('integer', 'real') AND data ->> '$.active_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.active_at') / 1000.0, 'unixepoch') END);
ALTER TABLE subscriptions ADD past_due_at TEXT AS (
    CASE WHEN json_type(data, '$.past_due_at') IN ('integer', 'real') AND data ->> '$.past_due_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.past_due_at') / 1000.0, 'unixepoch') END);
ALTER TABLE subscriptions ADD canceled_at TEXT AS (
    CASE WHEN json_type(data, '$.canceled_at') IN ('integer', 'real') AND data ->> '$.canceled_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.canceled_at') / 1000.0, 'unixepoch') END);
ALTER TABLE subscriptions ADD ended_at TEXT AS (
    CASE WHEN json_type(data, '$.ended_at') IN ('integer', 'real') AND data ->> '$.ended_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.ended_at') / 1000.0, 'unixepoch') END);
ALTER TABLE subscriptions ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE subscriptions ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX subscriptions_payer_user_id_idx ON subscriptions (payer_user_id)
    WHERE payer_user_id IS NOT NULL;
CREATE INDEX subscriptions_payer_organization_id_idx ON subscriptions (payer_organization_id)
    WHERE payer_organization_id IS NOT NULL;

ALTER TABLE subscription_items ADD subscription_id TEXT AS (
    CASE json_type(data, '$.subscription_id') WHEN 'text' THEN data ->> '$.subscription_id' END);
ALTER TABLE subscription_items ADD status TEXT AS (
    CASE json_type(data, '$.status') WHEN 'text' THEN data ->> '$.status' END);
ALTER TABLE subscription_items ADD plan_id TEXT AS (
    CASE json_type(data, '$.plan_id') WHEN 'text' THEN data ->> '$.plan_id' END);
ALTER TABLE subscription_items ADD plan_slug TEXT AS (
    CASE json_type(data, '$.plan.slug') WHEN 'text' THEN data ->> '$.plan.slug' END);
ALTER TABLE subscription_items ADD interval TEXT AS (
    CASE json_type(data, '$.interval') WHEN 'text' THEN data ->> '$.interval' END);
ALTER TABLE subscription_items ADD is_free_trial INTEGER AS (
    CASE json_type(data, '$.is_free_trial') WHEN 'true' THEN 1 WHEN 'false' THEN 0 END);
ALTER TABLE subscription_items ADD payer_user_id TEXT AS (
    CASE json_type(data, '$.payer.user_id') WHEN 'text' THEN nullif(data ->> '$.payer.user_id', '') END);
ALTER TABLE subscription_items ADD payer_organization_id TEXT AS (
    CASE json_type(data, '$.payer.organization_id') WHEN 'text' THEN nullif(data ->> '$.payer.organization_id', '') END);
ALTER TABLE subscription_items ADD period_start TEXT AS (
    CASE WHEN json_type(data, '$.period_start') IN ('integer', 'real') AND data ->> '$.period_start' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.period_start') / 1000.0, 'unixepoch') END);
ALTER TABLE subscription_items ADD period_end TEXT AS (
    CASE WHEN json_type(data, '$.period_end') IN ('integer', 'real') AND data ->> '$.period_end' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.period_end') / 1000.0, 'unixepoch') END);
ALTER TABLE subscription_items ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE subscription_items ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX subscription_items_subscription_id_idx ON subscription_items (subscription_id);
CREATE INDEX subscription_items_payer_user_id_idx ON subscription_items (payer_user_id)
    WHERE payer_user_id IS NOT NULL;
CREATE INDEX subscription_items_payer_organization_id_idx ON subscription_items (payer_organization_id)
    WHERE payer_organization_id IS NOT NULL;

ALTER TABLE payment_attempts ADD status TEXT AS (
    CASE json_type(data, '$.status') WHEN 'text' THEN data ->> '$.status' END);
ALTER TABLE payment_attempts ADD payment_id TEXT AS (
    CASE json_type(data, '$.payment_id') WHEN 'text' THEN data ->> '$.payment_id' END);
ALTER TABLE payment_attempts ADD invoice_id TEXT AS (
    CASE json_type(data, '$.invoice_id') WHEN 'text' THEN data ->> '$.invoice_id' END);
ALTER TABLE payment_attempts ADD charge_type TEXT AS (
    CASE json_type(data, '$.charge_type') WHEN 'text' THEN data ->> '$.charge_type' END);
ALTER TABLE payment_attempts ADD payer_user_id TEXT AS (
    CASE json_type(data, '$.payer.user_id') WHEN 'text' THEN nullif(data ->> '$.payer.user_id', '') END);
ALTER TABLE payment_attempts ADD payer_organization_id TEXT AS (
    CASE json_type(data, '$.payer.organization_id') WHEN 'text' THEN nullif(data ->> '$.payer.organization_id', '') END);
ALTER TABLE payment_attempts ADD amount INTEGER AS (
    CASE WHEN json_type(data, '$.totals.grand_total.amount') = 'integer' AND typeof(data ->> '$.totals.grand_total.amount') = 'integer'
    THEN data ->> '$.totals.grand_total.amount' END);
ALTER TABLE payment_attempts ADD currency TEXT AS (
    CASE json_type(data, '$.totals.grand_total.currency') WHEN 'text' THEN data ->> '$.totals.grand_total.currency' END);
ALTER TABLE payment_attempts ADD failed_reason_code TEXT AS (
    CASE json_type(data, '$.failed_reason.code') WHEN 'text' THEN data ->> '$.failed_reason.code' END);
ALTER TABLE payment_attempts ADD billing_date TEXT AS (
    CASE WHEN json_type(data, '$.billing_date') IN ('integer', 'real') AND data ->> '$.billing_date' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.billing_date') / 1000.0, 'unixepoch') END);
ALTER TABLE payment_attempts ADD paid_at TEXT AS (
    CASE WHEN json_type(data, '$.paid_at') IN ('integer', 'real') AND data ->> '$.paid_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.paid_at') / 1000.0, 'unixepoch') END);
ALTER TABLE payment_attempts ADD failed_at TEXT AS (
    CASE WHEN json_type(data, '$.failed_at') IN ('integer', 'real') AND data ->> '$.failed_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.failed_at') / 1000.0, 'unixepoch') END);
ALTER TABLE payment_attempts ADD created_at TEXT AS (
    CASE WHEN json_type(data, '$.created_at') IN ('integer', 'real') AND data ->> '$.created_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.created_at') / 1000.0, 'unixepoch') END);
ALTER TABLE payment_attempts ADD updated_at TEXT AS (
    CASE WHEN json_type(data, '$.updated_at') IN ('integer', 'real') AND data ->> '$.updated_at' >= 0
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', (data ->> '$.updated_at') / 1000.0, 'unixepoch') END);

CREATE INDEX payment_attempts_payer_user_id_idx ON payment_attempts (payer_user_id)
    WHERE payer_user_id IS NOT NULL;
CREATE INDEX payment_attempts_payer_organization_id_idx ON payment_attempts (payer_organization_id)
    WHERE payer_organization_id IS NOT NULL;
