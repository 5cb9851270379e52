-- A scope of its own for reading what was kept of requests and answers.
CREATE TABLE admin_tokens_new (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    tenant  INTEGER NOT NULL REFERENCES tenants (id),
    name    TEXT NOT NULL,
    scope   TEXT NOT NULL CHECK (scope IN ('read', 'write', 'payload')),
    created INTEGER NOT NULL,
    expires INTEGER,
    UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;
INSERT INTO admin_tokens_new SELECT hash, tenant, name, scope, created, expires FROM admin_tokens;
DROP TABLE admin_tokens;
ALTER TABLE admin_tokens_new RENAME TO admin_tokens;

-- What retention must leave alone, and why.
CREATE TABLE holds (
    tenant  INTEGER NOT NULL REFERENCES tenants (id),
    name    TEXT NOT NULL,
    -- Such as `agent:support-bot`; without one, everything is held.
    subject TEXT,
    reason  TEXT NOT NULL,
    who     TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
