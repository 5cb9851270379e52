-- Whose an admin token is: it does no more than they may.
CREATE TABLE admin_tokens_new (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    tenant  INTEGER NOT NULL REFERENCES tenants (id),
    name    TEXT NOT NULL,
    scope   TEXT NOT NULL CHECK (scope IN ('read', 'write', 'payload')),
    owner   INTEGER REFERENCES users (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER,
    UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;
INSERT INTO admin_tokens_new (hash, tenant, name, scope, created, expires)
    SELECT hash, tenant, name, scope, created, expires FROM admin_tokens;
DROP TABLE admin_tokens;
ALTER TABLE admin_tokens_new RENAME TO admin_tokens;
