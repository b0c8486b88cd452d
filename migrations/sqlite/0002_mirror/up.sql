-- The mirror: one table for each kind of object, one row for each object.
--
-- A row only ever moves forward (`data` to a greater `version`, `deleted_at` to an earlier time), so the order
-- of events cannot matter, and there are no foreign keys, because a membership may arrive before its
-- organization. `data` is the newest snapshot, null when only the deletion is known. What people query are
-- columns taken from `data`, added by later migrations.

CREATE TABLE users (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE organizations (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE organization_memberships (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE organization_invitations (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE organization_domains (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE roles (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE permissions (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE invitations (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE waitlist_entries (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE subscriptions (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE subscription_items (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;

CREATE TABLE payment_attempts (
    id         TEXT PRIMARY KEY NOT NULL,
    data       TEXT CHECK (data IS NULL OR json_valid(data)),
    version    TEXT NOT NULL DEFAULT '',
    deleted_at TEXT
) STRICT;
