-- People who run this installation, and how they prove who they are.
CREATE TABLE users (
    id       INTEGER PRIMARY KEY,
    tenant   INTEGER NOT NULL REFERENCES tenants (id),
    -- As provisioning knows them, whatever they are called.
    uid      TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    display  TEXT,
    email    TEXT,
    active   INTEGER NOT NULL DEFAULT 1,
    -- argon2id, as a PHC string.
    password TEXT,
    created  INTEGER NOT NULL,
    updated  INTEGER NOT NULL,
    version  INTEGER NOT NULL DEFAULT 1,
    UNIQUE (tenant, name)
) STRICT;

-- Which roles somebody holds.
CREATE TABLE user_grants (
    user       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT NOT NULL,
    starts     INTEGER,
    ends       INTEGER,
    -- Such as `mon-fri 08:00-18:00 Europe/Berlin`; without one, always.
    hours      TEXT,
    reason     TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    created    INTEGER NOT NULL,
    PRIMARY KEY (user, role)
) STRICT, WITHOUT ROWID;

-- Second factors: authenticator apps and passkeys.
CREATE TABLE user_factors (
    id         TEXT PRIMARY KEY,
    user       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('totp', 'passkey')),
    label      TEXT NOT NULL,
    -- An app's secret, sealed under a key of the instance's.
    secret     BLOB,
    -- A passkey's credential id and what was registered.
    credential BLOB UNIQUE,
    data       TEXT,
    -- The step of the last code, or the passkey's signature counter.
    counter    INTEGER,
    created    INTEGER NOT NULL,
    used       INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX user_factors_user ON user_factors (user);

CREATE TABLE recovery_codes (
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_sessions (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    user       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- For lists: the hash opens nothing, and still is nobody's business.
    id         TEXT NOT NULL UNIQUE,
    stage      TEXT NOT NULL CHECK (stage IN ('password', 'enrol', 'full')),
    created    INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    proved     INTEGER,
    factors    TEXT NOT NULL,
    address    TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    -- Of the identity provider that it came from, for its log-out.
    issuer     TEXT,
    outside_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX user_sessions_user ON user_sessions (user);

-- Links that let somebody in once, to choose how they prove who they are.
CREATE TABLE invitations (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    tenant  INTEGER NOT NULL REFERENCES tenants (id),
    -- None for the first administrator, who chooses a name.
    user    INTEGER REFERENCES users (id) ON DELETE CASCADE,
    ends    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Failures in a row, of an account or of an address.
CREATE TABLE failed_attempts (
    subject TEXT PRIMARY KEY,
    count   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    until   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX failed_attempts_last ON failed_attempts (last);

-- From which browsers somebody came before.
CREATE TABLE user_devices (
    user  INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;
