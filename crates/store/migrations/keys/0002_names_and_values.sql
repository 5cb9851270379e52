-- Pseudonyms of people, and keys to the values behind placeholders: both end with whoever they are of.
CREATE TABLE keys_next (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    tenant     TEXT NOT NULL,
    level      TEXT NOT NULL CHECK (level IN ('tenant', 'vault', 'data', 'name', 'values')),
    -- Such as `agent:support-bot`; of data keys and of keys to values.
    subject    TEXT,
    -- Such as `2026-11`; of data keys alone.
    month      TEXT,
    -- Of data keys, the label by which retention knows what they sealed; of keys to values, for whom the
    -- agent sent them. Empty where there is none.
    label      TEXT NOT NULL DEFAULT '',
    wrapped    BLOB NOT NULL,
    -- The tenant's key, or the fingerprint of the root key.
    wrapped_by BLOB NOT NULL CHECK (length(wrapped_by) = 16),
    created    INTEGER NOT NULL,
    -- Opens what it sealed, and seals no more.
    retired    INTEGER NOT NULL DEFAULT 0 CHECK (retired IN (0, 1)),
    CHECK ((level IN ('data', 'values')) = (subject IS NOT NULL)),
    CHECK ((level = 'data') = (month IS NOT NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO keys_next (id, tenant, level, subject, month, label, wrapped, wrapped_by, created, retired)
SELECT id, tenant, level, subject, month, label, wrapped, wrapped_by, created, retired FROM keys;

DROP TABLE keys;
ALTER TABLE keys_next RENAME TO keys;
CREATE INDEX keys_of_subject ON keys (tenant, level, subject, month, label);
