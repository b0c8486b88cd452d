-- Views, each the answer to one question. Live means: not deleted.
--
-- Each is quick when it is asked about one user, one organization or one address: the condition has to reach an
-- index. Their comments are inside them, where `.schema` shows them.

CREATE VIEW organization_members AS
-- Who is in which organization, with which role and permissions: live memberships of live users in live
-- organizations.
SELECT
    membership.organization_id,
    organization.name AS organization_name,
    organization.slug AS organization_slug,
    membership.user_id,
    member.first_name,
    member.last_name,
    member.primary_email_address,
    membership.role, -- the key of the role, such as org:admin
    -- Of the role itself if that is newer than the membership, else as the membership says: a change of a role
    -- need not bring an event for each of its memberships.
    coalesce(newer_role.name, membership.role_name) AS role_name,
    coalesce(newer_role.permissions, membership.permissions) AS permissions,
    membership.id AS membership_id,
    membership.created_at AS joined_at
FROM organization_memberships AS membership
JOIN organizations AS organization ON organization.id = membership.organization_id
JOIN users AS member ON member.id = membership.user_id
LEFT JOIN roles AS newer_role ON newer_role.id = (
    SELECT role.id
    FROM roles AS role
    WHERE role.key = membership.role AND role.deleted_at IS NULL AND role.updated_at > membership.updated_at
    ORDER BY role.updated_at DESC, role.id
    LIMIT 1)
WHERE membership.deleted_at IS NULL AND organization.deleted_at IS NULL AND member.deleted_at IS NULL;

CREATE VIEW user_organizations AS
-- The organizations a user can choose from, one row each, as Clerk's organization switcher shows them: those the
-- user belongs to, is invited to, or may join by a verified address of one of their domains.
SELECT
    relation.user_id,
    relation.organization_id,
    organization.name,
    organization.slug,
    -- member; invited: a pending invitation was sent to a verified address of the user's; joinable: the
    -- organization lets in whoever has an address of its domain.
    relation.relation,
    relation.role, -- the key of the role the user has or is invited to; null where it is joinable
    relation.relation_id, -- the id of the membership, invitation or domain
    relation.email_address, -- the user's address that was invited or is of the domain; null for a member
    relation.since -- when the membership, invitation or domain was created
FROM (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY user_id, organization_id ORDER BY rank, since, relation_id, email_address) AS position
    FROM (
        SELECT
            1 AS rank, 'member' AS relation, membership.user_id, membership.organization_id, membership.role,
            membership.id AS relation_id, NULL AS email_address, membership.created_at AS since
        FROM organization_memberships AS membership
        WHERE membership.deleted_at IS NULL
        UNION ALL
        SELECT
            2, 'invited', invited.id, invitation.organization_id, invitation.role,
            invitation.id, address.value, invitation.created_at
        FROM users AS invited
        CROSS JOIN json_each(invited.verified_email_addresses) AS address
        JOIN organization_invitations AS invitation ON lower(invitation.email_address) = lower(address.value)
        WHERE invitation.status = 'pending' AND invitation.deleted_at IS NULL
          AND (invitation.expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now') OR invitation.expires_at IS NULL)
        UNION ALL
        SELECT
            3, 'joinable', candidate.id, domain.organization_id, NULL,
            domain.id, address.value, domain.created_at
        FROM users AS candidate
        CROSS JOIN json_each(candidate.verified_email_addresses) AS address
        JOIN organization_domains AS domain
            ON lower(domain.name) = lower(substr(address.value, instr(address.value, '@') + 1))
        WHERE domain.verified AND domain.deleted_at IS NULL
          AND domain.enrollment_mode IN ('automatic_invitation', 'automatic_suggestion')
    )
) AS relation
JOIN users AS person ON person.id = relation.user_id AND person.deleted_at IS NULL
JOIN organizations AS organization
    ON organization.id = relation.organization_id AND organization.deleted_at IS NULL
WHERE relation.position = 1;

CREATE VIEW user_mfa AS
-- Who has which second factors? One row for each live user.
SELECT
    id AS user_id,
    primary_email_address,
    coalesce(two_factor_enabled, 0) AS enabled, -- whether Clerk asks for a second factor
    coalesce(totp_enabled, 0) AS totp, -- an authenticator app
    -- a verified phone number for codes by text message
    EXISTS (
        SELECT 1 FROM json_each(data, '$.phone_numbers')
        WHERE type = 'object' AND json_type(value, '$.reserved_for_second_factor') = 'true'
          AND value ->> '$.verification.status' = 'verified') AS sms,
    coalesce(backup_code_enabled, 0) AS backup_codes,
    -- a verified passkey: a factor of a kind of its own, which enabled does not tell of
    EXISTS (
        SELECT 1 FROM json_each(data, '$.passkeys')
        WHERE type = 'object' AND value ->> '$.verification.status' = 'verified') AS passkeys,
    CASE WHEN two_factor_enabled THEN mfa_enabled_at END AS enabled_at -- since when; null while it is not
FROM users
WHERE deleted_at IS NULL;

CREATE VIEW organization_mfa AS
-- How many live members of each live organization have a second factor, and how many do not?
SELECT
    organization.id AS organization_id,
    organization.name,
    count(member.id) AS members,
    count(member.id) FILTER (WHERE member.two_factor_enabled) AS with_mfa,
    count(member.id) FILTER (WHERE member.two_factor_enabled IS NOT 1) AS without_mfa
FROM organizations AS organization
LEFT JOIN organization_memberships AS membership
    ON membership.organization_id = organization.id AND membership.deleted_at IS NULL
LEFT JOIN users AS member ON member.id = membership.user_id AND member.deleted_at IS NULL
WHERE organization.deleted_at IS NULL
GROUP BY organization.id;

CREATE VIEW pending_invitations AS
-- Invitations to the application and into organizations that are pending and have not expired.
SELECT
    -- application: to sign up (the columns about an organization are null); organization: to become a member
    'application' AS kind,
    id,
    email_address, -- as it was written; the index is on lower(email_address)
    NULL AS organization_id,
    NULL AS organization_name, -- null too as long as the organization itself has not arrived
    NULL AS role,
    NULL AS inviter_id,
    created_at AS invited_at,
    expires_at
FROM invitations
WHERE status = 'pending' AND deleted_at IS NULL
  AND (expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now') OR expires_at IS NULL)
UNION ALL
SELECT
    'organization',
    invitation.id,
    invitation.email_address,
    invitation.organization_id,
    organization.name,
    invitation.role,
    invitation.inviter_id,
    invitation.created_at,
    invitation.expires_at
FROM organization_invitations AS invitation
-- An organization that has not arrived yet is not a deleted one.
LEFT JOIN organizations AS organization ON organization.id = invitation.organization_id
WHERE invitation.status = 'pending' AND invitation.deleted_at IS NULL
  AND (invitation.expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now') OR invitation.expires_at IS NULL)
  AND organization.deleted_at IS NULL;

CREATE VIEW active_sessions AS
-- Sessions of live users that are active as far as is known. An upper bound: Clerk sends no event when a session
-- becomes expired, abandoned or replaced, so some have ended already.
SELECT
    session.id AS session_id,
    session.user_id,
    person.primary_email_address,
    session.last_active_organization_id,
    session.last_active_at, -- as of the newest event about the session; being active does not bring one
    session.expire_at,
    session.abandon_at, -- when it ends if the user does not come back
    CASE json_type(session.data, '$.latest_activity.browser_name') WHEN 'text'
        THEN session.data ->> '$.latest_activity.browser_name' END AS browser_name,
    CASE json_type(session.data, '$.latest_activity.device_type') WHEN 'text'
        THEN session.data ->> '$.latest_activity.device_type' END AS device_type,
    CASE json_type(session.data, '$.latest_activity.is_mobile') WHEN 'true'
        THEN 1 WHEN 'false' THEN 0 END AS is_mobile,
    CASE json_type(session.data, '$.latest_activity.ip_address') WHEN 'text'
        THEN session.data ->> '$.latest_activity.ip_address' END AS ip_address,
    CASE json_type(session.data, '$.latest_activity.city') WHEN 'text'
        THEN session.data ->> '$.latest_activity.city' END AS city,
    CASE json_type(session.data, '$.latest_activity.country') WHEN 'text'
        THEN session.data ->> '$.latest_activity.country' END AS country,
    CASE json_type(session.data, '$.actor.sub') WHEN 'text'
        THEN session.data ->> '$.actor.sub' END AS impersonator -- the user who is acting as this one
FROM sessions AS session
JOIN users AS person ON person.id = session.user_id
WHERE session.status = 'active' AND session.expire_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  AND session.deleted_at IS NULL AND person.deleted_at IS NULL;
