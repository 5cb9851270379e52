-- Control state: who may act, with which keys, and what is contained.
-- Every row is under a tenant. Times are microseconds since the Unix epoch.

CREATE TABLE tenants (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    -- Grows with every change of this tenant's control state.
    revision INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The tenant of an installation that has only one.
INSERT INTO tenants (name) VALUES ('main');

CREATE TABLE agents (
    id      INTEGER PRIMARY KEY,
    tenant  INTEGER NOT NULL REFERENCES tenants (id),
    name    TEXT NOT NULL,
    owner   TEXT,
    purpose TEXT,
    roles   TEXT NOT NULL, -- a JSON array of names
    zone    TEXT NOT NULL,
    origin  TEXT NOT NULL CHECK (origin IN ('api', 'config')),
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    UNIQUE (tenant, name)
) STRICT;

-- A hash belongs to one agent of one tenant: a key that two would share names nobody.
CREATE TABLE agent_keys (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    agent   INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    label   TEXT NOT NULL,
    origin  TEXT NOT NULL CHECK (origin IN ('api', 'config')),
    created INTEGER NOT NULL,
    expires INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX agent_keys_agent ON agent_keys (agent);

-- Names, not references: a containment outlives its agent, so that removing a quarantined
-- agent and adding it again does not set it free.
CREATE TABLE containments (
    tenant   INTEGER NOT NULL REFERENCES tenants (id),
    type     TEXT NOT NULL CHECK (type IN ('agent', 'provider', 'everything')),
    name     TEXT NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('suspended', 'quarantined')),
    reason   TEXT NOT NULL,
    who      TEXT NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (tenant, type, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE admin_tokens (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    tenant  INTEGER NOT NULL REFERENCES tenants (id),
    name    TEXT NOT NULL,
    scope   TEXT NOT NULL CHECK (scope IN ('read', 'write')),
    created INTEGER NOT NULL,
    expires INTEGER,
    UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;
