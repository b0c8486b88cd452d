-- What the ledger said before. A replay may change what became of an event; each former state of its row stays here,
-- until retention takes it under the same rule as the row itself.
CREATE TABLE clerk.webhook_event_history (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    svix_id     text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at  timestamptz NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('applied', 'stale', 'ignored', 'dead')),
    error       text,
    replaced_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- All that was said of one event.
CREATE INDEX webhook_event_history_svix_id_idx ON clerk.webhook_event_history (svix_id);
-- What is past retention.
CREATE INDEX webhook_event_history_received_at_idx ON clerk.webhook_event_history (received_at);

COMMENT ON TABLE clerk.webhook_event_history IS
    'The former states of the rows of webhook_events that a replay has changed, in the order of id.';
COMMENT ON COLUMN clerk.webhook_event_history.svix_id IS 'The event''s id, as in webhook_events.';
COMMENT ON COLUMN clerk.webhook_event_history.occurred_at IS 'When it happened, as in webhook_events.';
COMMENT ON COLUMN clerk.webhook_event_history.received_at IS 'When it was received, as in webhook_events.';
COMMENT ON COLUMN clerk.webhook_event_history.applied_at IS 'When the former state was written.';
COMMENT ON COLUMN clerk.webhook_event_history.outcome IS 'What had become of the event.';
COMMENT ON COLUMN clerk.webhook_event_history.error IS 'Why it was dead.';
COMMENT ON COLUMN clerk.webhook_event_history.replaced_at IS 'When a replay changed it.';
