-- The ledger: one row for every delivery that was accepted, whatever became of it.
--
-- Times are text such as 2026-11-23T15:54:40.123Z, which sorts in the order of time.
CREATE TABLE webhook_events (
    svix_id     TEXT PRIMARY KEY NOT NULL,
    type        TEXT,
    object_id   TEXT,
    user_id     TEXT,
    instance_id TEXT,
    occurred_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    applied_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    outcome     TEXT NOT NULL CHECK (outcome IN ('applied', 'stale', 'ignored', 'dead')),
    error       TEXT,
    payload     TEXT
) STRICT;

-- Newest first, for listings.
CREATE INDEX webhook_events_received_at_idx ON webhook_events (received_at, svix_id);
-- Everything that was said about one object.
CREATE INDEX webhook_events_object_id_idx ON webhook_events (object_id);
-- And about one user: theirs to see, and to have erased.
CREATE INDEX webhook_events_user_id_idx ON webhook_events (user_id);
-- The dead are few among many, and the ones to look for.
CREATE INDEX webhook_events_dead_idx ON webhook_events (received_at, svix_id) WHERE outcome = 'dead';
