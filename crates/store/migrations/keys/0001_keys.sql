-- Keys in a database of their own: it is small, so that it can be written anew as a whole when a
-- key is to be gone for good.
CREATE TABLE keys (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    tenant     TEXT NOT NULL,
    level      TEXT NOT NULL CHECK (level IN ('tenant', 'vault', 'data')),
    -- Such as `agent:support-bot`; of data keys alone.
    subject    TEXT,
    -- Such as `2026-11`; of data keys alone.
    month      TEXT,
    -- The label by which retention knows what it sealed; empty where it is kept like the rest.
    label      TEXT NOT NULL DEFAULT '',
    wrapped    BLOB NOT NULL,
    -- The tenant's key, or the fingerprint of the root key.
    wrapped_by BLOB NOT NULL CHECK (length(wrapped_by) = 16),
    created    INTEGER NOT NULL,
    -- Opens what it sealed, and seals no more.
    retired    INTEGER NOT NULL DEFAULT 0 CHECK (retired IN (0, 1)),
    CHECK ((level = 'data') = (subject IS NOT NULL AND month IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX keys_of_subject ON keys (tenant, level, subject, month, label);
