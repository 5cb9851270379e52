-- What agents show besides keys, where it was added while the gate runs. What the configuration
-- names of it is not here.

-- A name of a credential is one agent's of one tenant: one that two would share names nobody.
CREATE TABLE signing_keys (
    id         TEXT PRIMARY KEY,
    agent      INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    public_key BLOB NOT NULL, -- SubjectPublicKeyInfo, DER
    algorithm  TEXT NOT NULL,
    created    INTEGER NOT NULL,
    expires    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX signing_keys_agent ON signing_keys (agent);

CREATE TABLE certificates (
    subject TEXT PRIMARY KEY,
    agent   INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX certificates_agent ON certificates (agent);

CREATE TABLE revoked_certificates (
    tenant INTEGER NOT NULL REFERENCES tenants (id),
    serial TEXT NOT NULL,
    reason TEXT NOT NULL,
    who    TEXT NOT NULL,
    since  INTEGER NOT NULL,
    PRIMARY KEY (tenant, serial)
) STRICT, WITHOUT ROWID;
