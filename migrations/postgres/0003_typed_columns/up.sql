-- Typed columns, computed from `data`: a new one is one migration and no code.
--
-- The functions read one field of an object and are lenient: a missing field, a wrong type or a number out of
-- range is NULL, never an error, because an event must not fail over a column somebody might query.
-- Each is a single expression, which PostgreSQL inlines, but for the last: keep it that way, every event that is applied runs
-- through them.

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

-- What a path finds in an array, in its order; what is not a string is left out. A loop, because a subquery costs more than it
-- unless the list is very long.
CREATE FUNCTION clerk.json_text_array(list jsonb, path jsonpath DEFAULT '$[*]') RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    found jsonb;
    texts text[] := '{}';
BEGIN
    IF jsonb_typeof(list) = 'array' THEN
        found := jsonb_path_query_array(list, path);
        FOR index IN 0 .. jsonb_array_length(found) - 1 LOOP
            IF jsonb_typeof(found -> index) = 'string' THEN
                texts := texts || (found ->> index);
            END IF;
        END LOOP;
        RETURN texts;
    END IF;
    RETURN NULL;
END
$$;

-- Lets a trigger compute the generated columns of a table, those that are there by now and not yet computed by one. PostgreSQL
-- reads and plans the expressions of all generated columns anew for every statement that writes to the table, which costs a
-- batch of a few events more than all else; a trigger keeps its plans for as long as the session.
--
-- Without pg_catalog alone in the path, names would be looked for where the migration's caller looks.
CREATE PROCEDURE clerk.compute_by_trigger(target regclass, name text)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    assignments text;
    columns text;
BEGIN
    SELECT string_agg(format('    NEW.%I := %s;', attname, pg_get_expr(adbin, adrelid)), E'\n' ORDER BY attnum),
           string_agg(format('ALTER %I DROP EXPRESSION', attname), ', ' ORDER BY attnum)
    INTO assignments, columns
    FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = target AND attgenerated = 's';
    IF columns IS NULL THEN
        RAISE '% has no generated column to compute', target;
    END IF;
    -- What has been computed stays.
    EXECUTE format('ALTER TABLE %s %s', target, columns);
    EXECUTE format('CREATE FUNCTION clerk.%I() RETURNS trigger LANGUAGE plpgsql AS %L', name,
        concat_ws(E'\n', 'DECLARE', '    data CONSTANT jsonb := NEW.data;', 'BEGIN', assignments, '    RETURN NEW;', 'END'));
    EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION clerk.%I()',
        name, target, name);
END
$$;

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
    ADD verified_email_addresses text[] GENERATED ALWAYS AS (
        clerk.json_text_array(data -> 'email_addresses', '$[*] ? (@.verification.status == "verified").email_address')
        ) STORED,
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
COMMENT ON COLUMN clerk.users.verified_email_addresses IS
    'All verified e-mail addresses of the user, the primary one among them if it is verified.';
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
    ADD permissions      text[]      GENERATED ALWAYS AS (clerk.json_text_array(data -> 'permissions')) STORED,
    ADD public_metadata  jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'public_metadata')) STORED,
    ADD private_metadata jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'private_metadata')) STORED,
    ADD created_at       timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at       timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX organization_memberships_organization_id_idx ON clerk.organization_memberships (organization_id, user_id);
CREATE INDEX organization_memberships_user_id_idx ON clerk.organization_memberships (user_id);

COMMENT ON COLUMN clerk.organization_memberships.role IS 'The key of the role, such as org:admin.';
COMMENT ON COLUMN clerk.organization_memberships.permissions IS
    'The role''s permissions at the time of the newest event about the membership.';

ALTER TABLE clerk.sessions
    ADD user_id                     text        GENERATED ALWAYS AS (clerk.json_text(data, 'user_id')) STORED,
    ADD client_id                   text        GENERATED ALWAYS AS (clerk.json_text(data, 'client_id')) STORED,
    ADD status                      text        GENERATED ALWAYS AS (clerk.json_text(data, 'status')) STORED,
    ADD actor                       jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'actor')) STORED,
    ADD last_active_organization_id text        GENERATED ALWAYS AS (clerk.json_text(data, 'last_active_organization_id')) STORED,
    ADD last_active_at              timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'last_active_at')) STORED,
    ADD expire_at                   timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'expire_at')) STORED,
    ADD abandon_at                  timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'abandon_at')) STORED,
    ADD created_at                  timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at                  timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX sessions_user_id_idx ON clerk.sessions (user_id);
-- Sessions that have ended stay, and become most of the table.
CREATE INDEX sessions_active_idx ON clerk.sessions (expire_at) WHERE status = 'active';

COMMENT ON COLUMN clerk.sessions.status IS
    'As of the newest event. Clerk sends none when a session becomes expired, abandoned or replaced: see expire_at.';
COMMENT ON COLUMN clerk.sessions.actor IS 'Who is impersonating the user (actor.sub); null in an ordinary session.';
COMMENT ON COLUMN clerk.sessions.abandon_at IS 'When it ends if the user does not come back.';

ALTER TABLE clerk.organization_invitations
    ADD email_address   text        GENERATED ALWAYS AS (clerk.json_text(data, 'email_address')) STORED,
    ADD organization_id text        GENERATED ALWAYS AS (clerk.json_text(data, 'organization_id')) STORED,
    ADD role            text        GENERATED ALWAYS AS (clerk.json_text(data, 'role')) STORED,
    ADD role_name       text        GENERATED ALWAYS AS (clerk.json_text(data, 'role_name')) STORED,
    ADD status          text        GENERATED ALWAYS AS (clerk.json_text(data, 'status')) STORED,
    ADD inviter_id      text        GENERATED ALWAYS AS (clerk.json_text(data, 'inviter_id')) STORED,
    ADD user_id         text        GENERATED ALWAYS AS (clerk.json_text(data, 'user_id')) STORED,
    ADD public_metadata jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'public_metadata')) STORED,
    ADD expires_at      timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'expires_at')) STORED,
    ADD created_at      timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at      timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX organization_invitations_email_address_idx ON clerk.organization_invitations (lower(email_address));
CREATE INDEX organization_invitations_organization_id_idx ON clerk.organization_invitations (organization_id);

COMMENT ON COLUMN clerk.organization_invitations.status IS
    'pending, accepted or revoked. Clerk sends no event when an invitation expires: see expires_at.';
COMMENT ON COLUMN clerk.organization_invitations.role IS 'The key of the role the invited person will have.';
COMMENT ON COLUMN clerk.organization_invitations.inviter_id IS 'The id of the user who sent it.';
COMMENT ON COLUMN clerk.organization_invitations.user_id IS 'The id of the user who accepted it.';

ALTER TABLE clerk.organization_domains
    ADD organization_id           text        GENERATED ALWAYS AS (clerk.json_text(data, 'organization_id')) STORED,
    ADD name                      text        GENERATED ALWAYS AS (clerk.json_text(data, 'name')) STORED,
    ADD enrollment_mode           text        GENERATED ALWAYS AS (clerk.json_text(data, 'enrollment_mode')) STORED,
    ADD verified                  boolean     GENERATED ALWAYS AS (
        jsonb_path_exists(data, '$ ? (@.affiliation_verification.status == "verified"
            || @.ownership_verification.status == "verified" || @.verification.status == "verified")')
        ) STORED,
    ADD affiliation_email_address text        GENERATED ALWAYS AS (clerk.json_text(data, 'affiliation_email_address')) STORED,
    ADD created_at                timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at                timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX organization_domains_organization_id_idx ON clerk.organization_domains (organization_id);
CREATE INDEX organization_domains_name_idx ON clerk.organization_domains (lower(name));

COMMENT ON COLUMN clerk.organization_domains.enrollment_mode IS
    'How people with an address of this domain get in: manual_invitation, automatic_invitation, automatic_suggestion or enterprise_sso.';
COMMENT ON COLUMN clerk.organization_domains.verified IS
    'Whether the domain has been verified in any of Clerk''s ways: affiliation, ownership, or the older verification.';

ALTER TABLE clerk.roles
    ADD key                 text        GENERATED ALWAYS AS (clerk.json_text(data, 'key')) STORED,
    ADD name                text        GENERATED ALWAYS AS (clerk.json_text(data, 'name')) STORED,
    ADD description         text        GENERATED ALWAYS AS (clerk.json_text(data, 'description')) STORED,
    ADD is_creator_eligible boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'is_creator_eligible')) STORED,
    ADD permissions         text[]      GENERATED ALWAYS AS (clerk.json_text_array(data -> 'permissions', '$[*].key')) STORED,
    ADD created_at          timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at          timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX roles_key_idx ON clerk.roles (key);

COMMENT ON COLUMN clerk.roles.key IS 'What memberships and invitations call it, such as org:admin.';
COMMENT ON COLUMN clerk.roles.is_creator_eligible IS 'Whether who creates an organization may be given this role in it.';
COMMENT ON COLUMN clerk.roles.permissions IS 'The keys of the permissions it grants.';

ALTER TABLE clerk.permissions
    ADD key         text        GENERATED ALWAYS AS (clerk.json_text(data, 'key')) STORED,
    ADD name        text        GENERATED ALWAYS AS (clerk.json_text(data, 'name')) STORED,
    ADD description text        GENERATED ALWAYS AS (clerk.json_text(data, 'description')) STORED,
    ADD type        text        GENERATED ALWAYS AS (clerk.json_text(data, 'type')) STORED,
    ADD created_at  timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at  timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

COMMENT ON COLUMN clerk.permissions.key IS 'What roles and memberships call it, such as org:sys_memberships:manage.';
COMMENT ON COLUMN clerk.permissions.type IS 'system: one of Clerk''s own; custom: one of yours.';

ALTER TABLE clerk.invitations
    ADD email_address   text        GENERATED ALWAYS AS (clerk.json_text(data, 'email_address')) STORED,
    ADD status          text        GENERATED ALWAYS AS (clerk.json_text(data, 'status')) STORED,
    ADD public_metadata jsonb       GENERATED ALWAYS AS (clerk.json_object(data, 'public_metadata')) STORED,
    ADD expires_at      timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'expires_at')) STORED,
    ADD created_at      timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at      timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX invitations_email_address_idx ON clerk.invitations (lower(email_address));

COMMENT ON COLUMN clerk.invitations.status IS
    'pending, accepted or revoked. Clerk sends no event when an invitation expires: see expires_at.';

ALTER TABLE clerk.waitlist_entries
    ADD email_address text        GENERATED ALWAYS AS (clerk.json_text(data, 'email_address')) STORED,
    ADD status        text        GENERATED ALWAYS AS (clerk.json_text(data, 'status')) STORED,
    ADD is_locked     boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'is_locked')) STORED,
    ADD invitation_id text        GENERATED ALWAYS AS (clerk.json_text(data -> 'invitation', 'id')) STORED,
    ADD created_at    timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at    timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX waitlist_entries_email_address_idx ON clerk.waitlist_entries (lower(email_address));

COMMENT ON COLUMN clerk.waitlist_entries.is_locked IS 'Whether Clerk is about to change it, together with others.';
COMMENT ON COLUMN clerk.waitlist_entries.invitation_id IS 'The id of the invitation it led to.';

-- Clerk fills one of a payer's two ids and sends the other as the empty text.
ALTER TABLE clerk.subscriptions
    ADD status                text        GENERATED ALWAYS AS (clerk.json_text(data, 'status')) STORED,
    ADD payer_id              text        GENERATED ALWAYS AS (nullif(clerk.json_text(data, 'payer_id'), '')) STORED,
    ADD payer_user_id         text        GENERATED ALWAYS AS (nullif(clerk.json_text(data -> 'payer', 'user_id'), '')) STORED,
    ADD payer_organization_id text        GENERATED ALWAYS AS (nullif(clerk.json_text(data -> 'payer', 'organization_id'), '')) STORED,
    ADD latest_payment_id     text        GENERATED ALWAYS AS (clerk.json_text(data, 'latest_payment_id')) STORED,
    ADD active_at             timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'active_at')) STORED,
    ADD past_due_at           timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'past_due_at')) STORED,
    ADD canceled_at           timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'canceled_at')) STORED,
    ADD ended_at              timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'ended_at')) STORED,
    ADD created_at            timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at            timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX subscriptions_payer_user_id_idx ON clerk.subscriptions (payer_user_id)
    WHERE payer_user_id IS NOT NULL;
CREATE INDEX subscriptions_payer_organization_id_idx ON clerk.subscriptions (payer_organization_id)
    WHERE payer_organization_id IS NOT NULL;

COMMENT ON COLUMN clerk.subscriptions.payer_user_id IS 'The user who pays; null where an organization does.';
COMMENT ON COLUMN clerk.subscriptions.payer_organization_id IS 'The organization that pays; null where a user does.';

ALTER TABLE clerk.subscription_items
    ADD subscription_id       text        GENERATED ALWAYS AS (clerk.json_text(data, 'subscription_id')) STORED,
    ADD status                text        GENERATED ALWAYS AS (clerk.json_text(data, 'status')) STORED,
    ADD plan_id               text        GENERATED ALWAYS AS (clerk.json_text(data, 'plan_id')) STORED,
    ADD plan_slug             text        GENERATED ALWAYS AS (clerk.json_text(data -> 'plan', 'slug')) STORED,
    ADD interval              text        GENERATED ALWAYS AS (clerk.json_text(data, 'interval')) STORED,
    ADD is_free_trial         boolean     GENERATED ALWAYS AS (clerk.json_boolean(data, 'is_free_trial')) STORED,
    ADD payer_user_id         text        GENERATED ALWAYS AS (nullif(clerk.json_text(data -> 'payer', 'user_id'), '')) STORED,
    ADD payer_organization_id text        GENERATED ALWAYS AS (nullif(clerk.json_text(data -> 'payer', 'organization_id'), '')) STORED,
    ADD period_start          timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'period_start')) STORED,
    ADD period_end            timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'period_end')) STORED,
    ADD created_at            timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at            timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX subscription_items_subscription_id_idx ON clerk.subscription_items (subscription_id);
CREATE INDEX subscription_items_payer_user_id_idx ON clerk.subscription_items (payer_user_id)
    WHERE payer_user_id IS NOT NULL;
CREATE INDEX subscription_items_payer_organization_id_idx ON clerk.subscription_items (payer_organization_id)
    WHERE payer_organization_id IS NOT NULL;

COMMENT ON COLUMN clerk.subscription_items.interval IS 'How often the plan is charged for: month or annual.';
COMMENT ON COLUMN clerk.subscription_items.period_end IS 'Null for the plan one has by default.';
COMMENT ON COLUMN clerk.subscription_items.payer_user_id IS 'The user who pays; null where an organization does.';
COMMENT ON COLUMN clerk.subscription_items.payer_organization_id IS 'The organization that pays; null where a user does.';

ALTER TABLE clerk.payment_attempts
    ADD status                text        GENERATED ALWAYS AS (clerk.json_text(data, 'status')) STORED,
    ADD payment_id            text        GENERATED ALWAYS AS (clerk.json_text(data, 'payment_id')) STORED,
    ADD invoice_id            text        GENERATED ALWAYS AS (clerk.json_text(data, 'invoice_id')) STORED,
    ADD charge_type           text        GENERATED ALWAYS AS (clerk.json_text(data, 'charge_type')) STORED,
    ADD payer_user_id         text        GENERATED ALWAYS AS (nullif(clerk.json_text(data -> 'payer', 'user_id'), '')) STORED,
    ADD payer_organization_id text        GENERATED ALWAYS AS (nullif(clerk.json_text(data -> 'payer', 'organization_id'), '')) STORED,
    ADD amount                bigint      GENERATED ALWAYS AS (clerk.json_bigint(data -> 'totals' -> 'grand_total', 'amount')) STORED,
    ADD currency              text        GENERATED ALWAYS AS (clerk.json_text(data -> 'totals' -> 'grand_total', 'currency')) STORED,
    ADD failed_reason_code    text        GENERATED ALWAYS AS (clerk.json_text(data -> 'failed_reason', 'code')) STORED,
    ADD billing_date          timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'billing_date')) STORED,
    ADD paid_at               timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'paid_at')) STORED,
    ADD failed_at             timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'failed_at')) STORED,
    ADD created_at            timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'created_at')) STORED,
    ADD updated_at            timestamptz GENERATED ALWAYS AS (clerk.json_time(data, 'updated_at')) STORED;

CREATE INDEX payment_attempts_payer_user_id_idx ON clerk.payment_attempts (payer_user_id)
    WHERE payer_user_id IS NOT NULL;
CREATE INDEX payment_attempts_payer_organization_id_idx ON clerk.payment_attempts (payer_organization_id)
    WHERE payer_organization_id IS NOT NULL;

COMMENT ON COLUMN clerk.payment_attempts.amount IS
    'The grand total, taxes and fees included, in the smallest unit of the currency (cents).';
COMMENT ON COLUMN clerk.payment_attempts.charge_type IS 'checkout or recurring.';
COMMENT ON COLUMN clerk.payment_attempts.failed_reason_code IS 'Why it failed, such as card_declined.';
COMMENT ON COLUMN clerk.payment_attempts.payer_user_id IS 'The user who pays; null where an organization does.';
COMMENT ON COLUMN clerk.payment_attempts.payer_organization_id IS 'The organization that pays; null where a user does.';

CALL clerk.compute_by_trigger('clerk.users', 'users_columns');
CALL clerk.compute_by_trigger('clerk.organizations', 'organizations_columns');
CALL clerk.compute_by_trigger('clerk.organization_memberships', 'organization_memberships_columns');
CALL clerk.compute_by_trigger('clerk.sessions', 'sessions_columns');
CALL clerk.compute_by_trigger('clerk.organization_invitations', 'organization_invitations_columns');
CALL clerk.compute_by_trigger('clerk.organization_domains', 'organization_domains_columns');
CALL clerk.compute_by_trigger('clerk.roles', 'roles_columns');
CALL clerk.compute_by_trigger('clerk.permissions', 'permissions_columns');
CALL clerk.compute_by_trigger('clerk.invitations', 'invitations_columns');
CALL clerk.compute_by_trigger('clerk.waitlist_entries', 'waitlist_entries_columns');
CALL clerk.compute_by_trigger('clerk.subscriptions', 'subscriptions_columns');
CALL clerk.compute_by_trigger('clerk.subscription_items', 'subscription_items_columns');
CALL clerk.compute_by_trigger('clerk.payment_attempts', 'payment_attempts_columns');
