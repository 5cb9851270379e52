-- Access reviews: each grant of each person, each admin token, each agent and its keys, and what was
-- decided about it.
CREATE TABLE reviews (
    tenant     INTEGER NOT NULL REFERENCES tenants (id),
    number     INTEGER NOT NULL,
    started    INTEGER NOT NULL,
    started_by TEXT NOT NULL,
    deadline   INTEGER NOT NULL,
    -- What is undecided at the deadline: put before a security officer, or revoked.
    escalates  INTEGER NOT NULL,
    closed     INTEGER,
    closed_by  TEXT,
    -- What it came to, as it is handed out, and its SHA-256.
    evidence   TEXT,
    hash       TEXT,
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE review_items (
    tenant     INTEGER NOT NULL,
    review     INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('role', 'token', 'agent', 'key', 'broken_glass')),
    -- Who or what holds it, and what that is: a role, a scope, roles, a key's hash, an elevation.
    holder     TEXT NOT NULL,
    held       TEXT NOT NULL,
    -- Whose it is: they do not decide on it.
    owner      TEXT,
    terms      TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted    INTEGER NOT NULL,
    ends       INTEGER,
    last_used  INTEGER,
    last_seen  INTEGER,
    used       TEXT NOT NULL,
    decision   TEXT CHECK (decision IN ('keep', 'narrow', 'revoke', 'escalate')),
    narrowed   TEXT,
    reason     TEXT,
    decided_by TEXT,
    decided    INTEGER,
    -- What the decision changed.
    outcome    TEXT,
    PRIMARY KEY (tenant, review, number),
    FOREIGN KEY (tenant, review) REFERENCES reviews (tenant, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- When an admin token last opened anything: looking leaves no record.
CREATE TABLE token_uses (
    hash BLOB PRIMARY KEY REFERENCES admin_tokens (hash) ON DELETE CASCADE,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- From where somebody last logged in, among the places that the configuration knows.
CREATE TABLE user_places (
    user    INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    network TEXT NOT NULL,
    time    INTEGER NOT NULL
) STRICT;

-- What a browser calls itself, to tell its owner.
ALTER TABLE user_devices ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
