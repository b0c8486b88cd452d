-- What the ledger said before. A replay may change what became of an event; each former state of its row stays here,
-- until retention takes it under the same rule as the row itself.
CREATE TABLE webhook_event_history (
    id          INTEGER PRIMARY KEY NOT NULL,
    svix_id     TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    applied_at  TEXT NOT NULL,
    outcome     TEXT NOT NULL CHECK (outcome IN ('applied', 'stale', 'ignored', 'dead')),
    error       TEXT,
    replaced_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

-- All that was said of one event.
CREATE INDEX webhook_event_history_svix_id_idx ON webhook_event_history (svix_id);
-- What is past retention.
CREATE INDEX webhook_event_history_received_at_idx ON webhook_event_history (received_at);
