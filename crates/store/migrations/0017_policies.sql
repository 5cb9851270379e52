-- Policies that were proposed, reviewed and put in force. What was in force once stays, so that an
-- old decision can be read with the text of its time.

CREATE TABLE policy_versions (
    tenant   INTEGER NOT NULL REFERENCES tenants (id),
    number   INTEGER NOT NULL,
    hash     TEXT NOT NULL,    -- of the policies as they are compiled
    sources  TEXT NOT NULL,    -- files by name, as JSON
    note     TEXT NOT NULL,
    author   TEXT NOT NULL,
    created  INTEGER NOT NULL,
    reviewer TEXT,
    reviewed INTEGER,
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;

-- Which version was put in force when; the last row is what is in force.
CREATE TABLE policy_deployments (
    tenant INTEGER NOT NULL REFERENCES tenants (id),
    at     INTEGER NOT NULL,   -- 1 and up
    number INTEGER NOT NULL,
    who    TEXT NOT NULL,
    time   INTEGER NOT NULL,
    PRIMARY KEY (tenant, at),
    FOREIGN KEY (tenant, number) REFERENCES policy_versions (tenant, number)
) STRICT, WITHOUT ROWID;
