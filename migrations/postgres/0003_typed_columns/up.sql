-- Typed columns, generated from `data`: a new one is one migration and no code.
--
-- The functions read one field of an object and are lenient: a missing field, a wrong type or a number out of
-- range is NULL, never an error, because an event must not fail over a column somebody might query.
-- Each is a single expression, which PostgreSQL inlines (all but json_text_array): keep it that way,
-- every event that is applied runs through them.

CREATE FUNCTION clerk.json_text(object jsonb, field text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(object -> field) WHEN 'string' THEN object ->> field END;

CREATE FUNCTION clerk.json_boolean(object jsonb, field text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE object -> field WHEN 'true'::jsonb THEN true WHEN 'false'::jsonb THEN false END;

-- Two numbers have only numbers between them in the order of jsonb, so one comparison tells both whether the
-- field is a number and whether the cast can take it.
CREATE FUNCTION clerk.json_bigint(object jsonb, field text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN object -> field BETWEEN '-9223372036854775808'::jsonb AND '9223372036854775807'::jsonb THEN
    CASE WHEN (object -> field)::numeric % 1 = 0 THEN (object -> field)::bigint END
END;

-- Milliseconds since 1970, up to the end of 9999.
CREATE FUNCTION clerk.json_time(object jsonb, field text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN object -> field BETWEEN '0'::jsonb AND '253402300799999'::jsonb
    THEN to_timestamp((object -> field)::bigint::double precision / 1000)
END;

CREATE FUNCTION clerk.json_object(object jsonb, field text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(object -> field) WHEN 'object' THEN object -> field END;

-- The strings of an array, in its order; elements of another type are left out.
CREATE FUNCTION clerk.json_text_array(object jsonb, field text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(object -> field) WHEN 'array' THEN
    ARRAY(SELECT element #>> '{}'
          FROM jsonb_array_elements(object -> field) WITH ORDINALITY AS elements (element, position)
          WHERE jsonb_typeof(element) = 'string'
          ORDER BY position)
END;

-- A user's primary e-mail address and phone number are those whose id the user names.
ALTER TABLE clerk.users
    ADD primary_email_address text GENERATED ALWAYS AS (
        jsonb_path_query_first(data,
            '$.email_addresses[*] ? (@.id == $.primary_email_address_id).email_address ? (@.type() == "string")')
        #>> '{}') STORED,
    ADD primary_email_address_verified boolean GENERATED ALWAYS AS (
        jsonb_path_exists(data,
            '$.email_addresses[*] ? (@.id == $.primary_email_address_id && @.verification.status == "verified")')
        ) STORED,
    ADD primary_phone_number text GENERATED ALWAYS AS (
        jsonb_path_query_first(data,
            '$.phone_numbers[*] ? (@.id == $.primary_phone_number_id).phone_number ? (@.type() == "string")')
        #>> '{}') STORED,
    ADD username            text        GENERATED ALWAYS AS (clerk.json_text(data, 'username')) STORED,
    ADD first_name          text        GENERATED ALWAYS AS (clerk.json_text(data, 'first_name')) STORED,
    ADD last_name           text        GENERATED ALWAYS AS (clerk.json_text(data, 'last_name')) STORED,
    ADD external_id         text        GENERATED ALWAYS AS (clerk.json_text(data, 'external_id')) STORED,
    ADD image_url           text        GENERATED ALWAYS AS (clerk.json_text(data, 'image_url')) STORED,
    ADD public_metadata     jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'public_metadata')) STORED,
    ADD private_metadata    jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'private_metadata')) STORED,
    ADD unsafe_metadata     jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'unsafe_metadata')) STORED,
    ADD password_enabled    boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'password_enabled')) STORED,
    ADD two_factor_enabled  boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'two_factor_enabled')) STORED,
    ADD totp_enabled        boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'totp_enabled')) STORED,
    ADD backup_code_enabled boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'backup_code_enabled')) STORED,
    ADD mfa_enabled_at      timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'mfa_enabled_at')) STORED,
    ADD mfa_disabled_at     timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'mfa_disabled_at')) STORED,
    ADD banned              boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'banned')) STORED,
    ADD locked              boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'locked')) STORED,
    ADD deprovisioned       boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'deprovisioned')) STORED,
    ADD last_sign_in_at     timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'last_sign_in_at')) STORED,
    ADD last_active_at      timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'last_active_at')) STORED,
    ADD legal_accepted_at   timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'legal_accepted_at')) STORED,
    ADD created_at          timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at          timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX users_primary_email_address_idx ON clerk.users (primary_email_address);
CREATE INDEX users_external_id_idx ON clerk.users (external_id) WHERE external_id IS NOT NULL;

COMMENT ON COLUMN clerk.users.primary_email_address_verified IS
    'Whether the primary e-mail address is verified; false when there is none.';
COMMENT ON COLUMN clerk.users.mfa_enabled_at IS
    'When MFA was last enabled; not cleared when it is disabled. For whether it is on, see two_factor_enabled.';
COMMENT ON COLUMN clerk.users.mfa_disabled_at IS
    'When MFA was last disabled; not cleared when it is enabled. For whether it is on, see two_factor_enabled.';
COMMENT ON COLUMN clerk.users.deprovisioned IS 'Whether a directory (SCIM) has taken away the right to sign in.';
COMMENT ON COLUMN clerk.users.last_active_at IS 'When a session was last active, to the day.';

ALTER TABLE clerk.organizations
    ADD name                    text        GENERATED ALWAYS AS (clerk.json_text(data, 'name')) STORED,
    ADD slug                    text        GENERATED ALWAYS AS (clerk.json_text(data, 'slug')) STORED,
    ADD image_url               text        GENERATED ALWAYS AS (clerk.json_text(data, 'image_url')) STORED,
    ADD members_count           bigint      GENERATED ALWAYS AS (clerk.json_bigint(data, 'members_count')) STORED,
    ADD max_allowed_memberships bigint      GENERATED ALWAYS AS (clerk.json_bigint(data, 'max_allowed_memberships')) STORED,
    ADD created_by              text        GENERATED ALWAYS AS (clerk.json_text(data, 'created_by')) STORED,
    ADD public_metadata         jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'public_metadata')) STORED,
    ADD private_metadata        jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'private_metadata')) STORED,
    ADD created_at              timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at              timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX organizations_slug_idx ON clerk.organizations (slug);

COMMENT ON COLUMN clerk.organizations.members_count IS
    'As of the newest event about the organization itself; memberships come and go without one.';
COMMENT ON COLUMN clerk.organizations.created_by IS 'The id of the user who created it.';

ALTER TABLE clerk.organization_memberships
    ADD organization_id  text        GENERATED ALWAYS AS (clerk.json_text(data -> 'organization', 'id')) STORED,
    ADD user_id          text        GENERATED ALWAYS AS (clerk.json_text(data -> 'public_user_data', 'user_id')) STORED,
    ADD role             text        GENERATED ALWAYS AS (clerk.json_text(data, 'role')) STORED,
    ADD role_name        text        GENERATED ALWAYS AS (clerk.json_text(data, 'role_name')) STORED,
    ADD permissions      text[]      GENERATED ALWAYS AS (clerk.json_text_array(data, 'permissions')) STORED,
    ADD public_metadata  jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'public_metadata')) STORED,
    ADD private_metadata jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'private_metadata')) STORED,
    ADD created_at       timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at       timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX organization_memberships_organization_id_idx ON clerk.organization_memberships (organization_id, user_id);
CREATE INDEX organization_memberships_user_id_idx ON clerk.organization_memberships (user_id);

COMMENT ON COLUMN clerk.organization_memberships.role IS 'The key of the role, such as org:admin.';
COMMENT ON COLUMN clerk.organization_memberships.permissions IS
    'The role''s permissions at the time of the newest event about the membership.';
