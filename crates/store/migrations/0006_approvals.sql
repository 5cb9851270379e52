-- Calls that wait for a person, and what people said. Once one has ended it is kept for a while
-- to be looked at; the log keeps it for good.

CREATE TABLE approvals (
    record  BLOB PRIMARY KEY CHECK (length(record) = 16), -- of the call that was held
    tenant  INTEGER NOT NULL REFERENCES tenants (id),
    call    BLOB NOT NULL CHECK (length(call) = 32),
    agent   TEXT NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'denied', 'used')),
    held    TEXT NOT NULL, -- what a person is shown, as JSON
    created INTEGER NOT NULL,
    ends    INTEGER NOT NULL -- until when its state counts
) STRICT, WITHOUT ROWID;

CREATE INDEX approvals_call ON approvals (tenant, call, ends);
CREATE INDEX approvals_state ON approvals (tenant, state, created);
CREATE INDEX approvals_agent ON approvals (tenant, agent, state);

CREATE TABLE approval_votes (
    record   BLOB NOT NULL REFERENCES approvals (record) ON DELETE CASCADE,
    who      TEXT NOT NULL,
    approves INTEGER NOT NULL CHECK (approves IN (0, 1)),
    reason   TEXT NOT NULL,
    time     INTEGER NOT NULL,
    PRIMARY KEY (record, who)
) STRICT, WITHOUT ROWID;
