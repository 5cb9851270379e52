-- People on whose behalf agents act.
CREATE TABLE persons (
    tenant   INTEGER NOT NULL REFERENCES tenants (id),
    name     TEXT NOT NULL,
    email    TEXT,
    scopes   TEXT NOT NULL,
    standing TEXT CHECK (standing IN ('suspended', 'quarantined')),
    created  INTEGER NOT NULL,
    updated  INTEGER NOT NULL,
    version  INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- As which an agent's calls count; null leaves it to how the agent came to call.
ALTER TABLE agents ADD COLUMN tier TEXT;

-- What may be said once: the hash of a signature's nonce or a proof's id, until it would be
-- refused for its age anyway.
CREATE TABLE said_once (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX said_once_expires ON said_once (expires);
