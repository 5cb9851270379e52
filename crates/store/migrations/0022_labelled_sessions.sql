-- Sessions of agents into which untrusted or confidential content has come, as the log's records
-- tell: what the gate has to know again after a restart. Nothing for a person or a session is ''.

CREATE TABLE labelled_sessions (
    tenant       INTEGER NOT NULL REFERENCES tenants (id),
    agent        TEXT NOT NULL,
    person       TEXT NOT NULL,
    session      TEXT NOT NULL,
    untrusted    INTEGER NOT NULL,
    confidential INTEGER NOT NULL,
    seen         INTEGER NOT NULL,   -- the last record with a label
    PRIMARY KEY (tenant, agent, person, session)
) STRICT, WITHOUT ROWID;

CREATE INDEX labelled_by_time ON labelled_sessions (tenant, seen);
