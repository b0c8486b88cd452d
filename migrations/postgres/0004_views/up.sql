-- Views, each the answer to one question. Live means: not deleted.
--
-- Each is quick when it is asked about one user, one organization or one address: the condition has to reach an
-- index, so a view may join, UNION ALL, and group or DISTINCT ON by what it is asked about, and nothing else.

-- Who is in which organization, with which role and permissions?
CREATE VIEW clerk.organization_members AS
SELECT
    membership.organization_id,
    organization.name AS organization_name,
    organization.slug AS organization_slug,
    membership.user_id,
    member.first_name,
    member.last_name,
    member.primary_email_address,
    membership.role,
    coalesce(newer_role.name, membership.role_name) AS role_name,
    coalesce(newer_role.permissions, membership.permissions) AS permissions,
    membership.id AS membership_id,
    membership.created_at AS joined_at
FROM clerk.organization_memberships AS membership
JOIN clerk.organizations AS organization ON organization.id = membership.organization_id
JOIN clerk.users AS member ON member.id = membership.user_id
-- A change of a role need not bring an event for each of its memberships.
LEFT JOIN LATERAL (
    SELECT role.name, role.permissions, role.updated_at
    FROM clerk.roles AS role
    WHERE role.key = membership.role AND role.deleted_at IS NULL
    ORDER BY role.updated_at DESC NULLS LAST, role.id
    LIMIT 1
) AS newer_role ON newer_role.updated_at > membership.updated_at
WHERE membership.deleted_at IS NULL AND organization.deleted_at IS NULL AND member.deleted_at IS NULL;

COMMENT ON VIEW clerk.organization_members IS
    'Who is in which organization, with which role and permissions: live memberships of live users in live organizations.';
COMMENT ON COLUMN clerk.organization_members.role IS 'The key of the role, such as org:admin.';
COMMENT ON COLUMN clerk.organization_members.role_name IS
    'The role''s name: of the role itself if that is newer than the membership, else as the membership says.';
COMMENT ON COLUMN clerk.organization_members.permissions IS
    'What the member may do: the permissions of the role itself if that is newer than the membership, else those of the membership.';
COMMENT ON COLUMN clerk.organization_members.joined_at IS 'When the membership was created.';

-- Which organizations can a user choose from, as member or by joining?
CREATE VIEW clerk.user_organizations AS
SELECT DISTINCT ON (relation.user_id, relation.organization_id)
    relation.user_id,
    relation.organization_id,
    organization.name,
    organization.slug,
    relation.relation,
    relation.role,
    relation.relation_id,
    relation.email_address,
    relation.since
FROM (
    SELECT
        1 AS rank, 'member' AS relation, membership.user_id, membership.organization_id, membership.role,
        membership.id AS relation_id, NULL AS email_address, membership.created_at AS since
    FROM clerk.organization_memberships AS membership
    WHERE membership.deleted_at IS NULL
    UNION ALL
    SELECT
        2, 'invited', invited.id, invitation.organization_id, invitation.role,
        invitation.id, address, invitation.created_at
    FROM clerk.users AS invited
    CROSS JOIN unnest(invited.verified_email_addresses) AS address
    JOIN clerk.organization_invitations AS invitation ON lower(invitation.email_address) = lower(address)
    WHERE invitation.status = 'pending' AND invitation.deleted_at IS NULL
      AND (invitation.expires_at > now() OR invitation.expires_at IS NULL)
    UNION ALL
    SELECT
        3, 'joinable', candidate.id, domain.organization_id, NULL,
        domain.id, address, domain.created_at
    FROM clerk.users AS candidate
    CROSS JOIN unnest(candidate.verified_email_addresses) AS address
    JOIN clerk.organization_domains AS domain ON lower(domain.name) = lower(split_part(address, '@', 2))
    WHERE domain.verified AND domain.deleted_at IS NULL
      AND domain.enrollment_mode IN ('automatic_invitation', 'automatic_suggestion')
) AS relation
JOIN clerk.users AS person ON person.id = relation.user_id AND person.deleted_at IS NULL
JOIN clerk.organizations AS organization
    ON organization.id = relation.organization_id AND organization.deleted_at IS NULL
ORDER BY relation.user_id, relation.organization_id, relation.rank, relation.since, relation.relation_id,
    relation.email_address;

COMMENT ON VIEW clerk.user_organizations IS
    'The organizations a user can choose from, one row each, as Clerk''s organization switcher shows them: those the user belongs to, is invited to, or may join by a verified address of one of their domains.';
COMMENT ON COLUMN clerk.user_organizations.relation IS
    'member; invited: a pending invitation was sent to a verified address of the user''s; joinable: the organization lets in whoever has an address of its domain.';
COMMENT ON COLUMN clerk.user_organizations.role IS
    'The key of the role the user has or is invited to; null where it is joinable.';
COMMENT ON COLUMN clerk.user_organizations.relation_id IS 'The id of the membership, invitation or domain.';
COMMENT ON COLUMN clerk.user_organizations.email_address IS
    'The user''s address that was invited or is of the domain; null for a member.';
COMMENT ON COLUMN clerk.user_organizations.since IS 'When the membership, invitation or domain was created.';

-- Who has which second factors?
CREATE VIEW clerk.user_mfa AS
SELECT
    id AS user_id,
    primary_email_address,
    coalesce(two_factor_enabled, false) AS enabled,
    coalesce(totp_enabled, false) AS totp,
    coalesce(jsonb_path_exists(data,
        '$.phone_numbers[*] ? (@.reserved_for_second_factor == true && @.verification.status == "verified")'),
        false) AS sms,
    coalesce(backup_code_enabled, false) AS backup_codes,
    coalesce(jsonb_path_exists(data, '$.passkeys[*] ? (@.verification.status == "verified")'), false) AS passkeys,
    CASE WHEN two_factor_enabled THEN mfa_enabled_at END AS enabled_at
FROM clerk.users
WHERE deleted_at IS NULL;

COMMENT ON VIEW clerk.user_mfa IS 'The second factors of each live user.';
COMMENT ON COLUMN clerk.user_mfa.enabled IS 'Whether Clerk asks for a second factor.';
COMMENT ON COLUMN clerk.user_mfa.totp IS 'Whether there is an authenticator app.';
COMMENT ON COLUMN clerk.user_mfa.sms IS 'Whether there is a verified phone number for codes by text message.';
COMMENT ON COLUMN clerk.user_mfa.passkeys IS
    'Whether there is a verified passkey: a factor of a kind of its own, which enabled does not tell of.';
COMMENT ON COLUMN clerk.user_mfa.enabled_at IS 'Since when it is enabled; null while it is not.';

-- How many members of an organization have a second factor?
CREATE VIEW clerk.organization_mfa AS
SELECT
    organization.id AS organization_id,
    organization.name,
    count(member.id) AS members,
    count(member.id) FILTER (WHERE member.two_factor_enabled) AS with_mfa,
    count(member.id) FILTER (WHERE member.two_factor_enabled IS NOT TRUE) AS without_mfa
FROM clerk.organizations AS organization
LEFT JOIN clerk.organization_memberships AS membership
    ON membership.organization_id = organization.id AND membership.deleted_at IS NULL
LEFT JOIN clerk.users AS member ON member.id = membership.user_id AND member.deleted_at IS NULL
WHERE organization.deleted_at IS NULL
GROUP BY organization.id;

COMMENT ON VIEW clerk.organization_mfa IS
    'How many live members of each live organization have a second factor, and how many do not.';

-- Who has been invited and has not come yet?
CREATE VIEW clerk.pending_invitations AS
SELECT
    'application' AS kind,
    id,
    email_address,
    NULL AS organization_id,
    NULL AS organization_name,
    NULL AS role,
    NULL AS inviter_id,
    created_at AS invited_at,
    expires_at
FROM clerk.invitations
WHERE status = 'pending' AND deleted_at IS NULL AND (expires_at > now() OR expires_at IS NULL)
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
FROM clerk.organization_invitations AS invitation
-- An organization that has not arrived yet is not a deleted one.
LEFT JOIN clerk.organizations AS organization ON organization.id = invitation.organization_id
WHERE invitation.status = 'pending' AND invitation.deleted_at IS NULL
  AND (invitation.expires_at > now() OR invitation.expires_at IS NULL)
  AND organization.deleted_at IS NULL;

COMMENT ON VIEW clerk.pending_invitations IS
    'Invitations to the application and into organizations that are pending and have not expired.';
COMMENT ON COLUMN clerk.pending_invitations.kind IS
    'application: to sign up (the columns about an organization are null); organization: to become a member.';
COMMENT ON COLUMN clerk.pending_invitations.email_address IS
    'As it was written; the index is on lower(email_address).';
COMMENT ON COLUMN clerk.pending_invitations.organization_name IS
    'Null too as long as the organization itself has not arrived.';

-- Who is signed in, where?
CREATE VIEW clerk.active_sessions AS
SELECT
    session.id AS session_id,
    session.user_id,
    person.primary_email_address,
    session.last_active_organization_id,
    session.last_active_at,
    session.expire_at,
    session.abandon_at,
    clerk.json_text(session.data -> 'latest_activity', 'browser_name') AS browser_name,
    clerk.json_text(session.data -> 'latest_activity', 'device_type') AS device_type,
    clerk.json_boolean(session.data -> 'latest_activity', 'is_mobile') AS is_mobile,
    clerk.json_text(session.data -> 'latest_activity', 'ip_address') AS ip_address,
    clerk.json_text(session.data -> 'latest_activity', 'city') AS city,
    clerk.json_text(session.data -> 'latest_activity', 'country') AS country,
    clerk.json_text(session.actor, 'sub') AS impersonator
FROM clerk.sessions AS session
JOIN clerk.users AS person ON person.id = session.user_id
WHERE session.status = 'active' AND session.expire_at > now()
  AND session.deleted_at IS NULL AND person.deleted_at IS NULL;

COMMENT ON VIEW clerk.active_sessions IS
    'Sessions of live users that are active as far as is known. An upper bound: Clerk sends no event when a session becomes expired, abandoned or replaced, so some have ended already.';
COMMENT ON COLUMN clerk.active_sessions.last_active_at IS
    'As of the newest event about the session; being active does not bring one.';
COMMENT ON COLUMN clerk.active_sessions.abandon_at IS 'When it ends if the user does not come back.';
COMMENT ON COLUMN clerk.active_sessions.impersonator IS
    'The id of the user who is acting as this one; null in an ordinary session.';
