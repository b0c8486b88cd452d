-- The ledger: one row for every delivery that was accepted, whatever became of it.
--
-- `occurred_at` is the same on every delivery of one event, so a key that has to contain it (the table is
-- partitioned by it) still makes `svix_id` unique across all partitions.
CREATE TABLE clerk.webhook_events (
    svix_id     text        NOT NULL,
    type        text,
    object_id   text,
    user_id     text,
    instance_id text,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome     text        NOT NULL CHECK (outcome IN ('applied', 'stale', 'ignored', 'dead')),
    error       text,
    payload     text,
    PRIMARY KEY (svix_id, occurred_at)
) PARTITION BY RANGE (occurred_at);

-- lz4 where the server has it: the default compression costs more than all else that is done to store a row.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        ALTER TABLE clerk.webhook_events ALTER payload SET COMPRESSION lz4;
    END IF;
END
$$;

CREATE TABLE clerk.webhook_events_default PARTITION OF clerk.webhook_events DEFAULT;

-- Newest first, for listings; nearly append-only, so it costs little to keep.
CREATE INDEX webhook_events_received_at_idx ON clerk.webhook_events (received_at, svix_id);
-- Everything that was said about one object. A hash, because a btree refuses long values, and an event whose
-- id is nonsense has to get its row too.
CREATE INDEX webhook_events_object_id_idx ON clerk.webhook_events USING hash (object_id);
-- And about one user: theirs to see, and to have erased.
CREATE INDEX webhook_events_user_id_idx ON clerk.webhook_events USING hash (user_id);
-- The dead are few among many, and the ones to look for.
CREATE INDEX webhook_events_dead_idx ON clerk.webhook_events (received_at, svix_id) WHERE outcome = 'dead';

COMMENT ON TABLE clerk.webhook_events IS 'Every accepted webhook event of Clerk''s, exactly once.';
COMMENT ON COLUMN clerk.webhook_events.svix_id IS 'The event''s id; the same on every delivery of it.';
COMMENT ON COLUMN clerk.webhook_events.object_id IS 'The id of the object the event is about (data.id).';
COMMENT ON COLUMN clerk.webhook_events.user_id IS
    'The user the event is about, or whose the object is: of a session, a membership, a message, a payment.';
COMMENT ON COLUMN clerk.webhook_events.occurred_at IS 'When it happened; the same on every delivery of the event.';
COMMENT ON COLUMN clerk.webhook_events.received_at IS 'When the first delivery that got here was received.';
COMMENT ON COLUMN clerk.webhook_events.applied_at IS 'When this row was written.';
COMMENT ON COLUMN clerk.webhook_events.outcome IS
    'applied: it moved a mirror row. stale: the mirror already knew better. ignored: there is nothing to mirror. dead: it could not be applied, see error.';
COMMENT ON COLUMN clerk.webhook_events.error IS 'Why the event is dead.';
COMMENT ON COLUMN clerk.webhook_events.payload IS
    'The body as it was sent, without the secrets in it; null when nothing of it may be kept. Text, because not every body is JSON.';
