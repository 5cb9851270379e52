-- The search index over the log, and the usage counters that go with a position in it.
-- All of it can be dropped and rebuilt from the log.

CREATE TABLE logs (
    id       INTEGER PRIMARY KEY,
    tenant   INTEGER NOT NULL REFERENCES tenants (id),
    name     TEXT NOT NULL,
    indexed  INTEGER NOT NULL DEFAULT 0, -- the position from which indexing goes on
    counted  INTEGER NOT NULL DEFAULT 0, -- the position up to which the counters count
    UNIQUE (tenant, name)
) STRICT;

-- Agents, kinds, resources, sessions: each text once a tenant, so that indexes hold numbers.
CREATE TABLE terms (
    id     INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL REFERENCES tenants (id),
    text   TEXT NOT NULL,
    UNIQUE (tenant, text)
) STRICT;

-- One row an action: the record that completes an action takes the place of the one that began it.
-- `seq` is the log's id and the record's position in it (see sqlite/activity.rs).
CREATE TABLE activity (
    seq      INTEGER PRIMARY KEY,
    tenant   INTEGER NOT NULL,
    id       BLOB NOT NULL,
    time     INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    effect   INTEGER NOT NULL,
    status   INTEGER NOT NULL,
    agent    INTEGER,
    person   INTEGER,
    resource INTEGER,
    provider INTEGER,
    session  INTEGER,
    begun    INTEGER -- position of the record that began this action
) STRICT;

-- Every index ends with the time, which is the order of every page; SQLite adds `seq` itself.
-- Terms are a tenant's own, so an index over a term needs no tenant.
CREATE INDEX activity_time ON activity (tenant, time);
CREATE INDEX activity_id ON activity (id);
CREATE INDEX activity_kind ON activity (kind, time);
CREATE INDEX activity_agent ON activity (agent, time) WHERE agent IS NOT NULL;
CREATE INDEX activity_person ON activity (person, time) WHERE person IS NOT NULL;
CREATE INDEX activity_resource ON activity (resource, time) WHERE resource IS NOT NULL;
CREATE INDEX activity_provider ON activity (provider, time) WHERE provider IS NOT NULL;
CREATE INDEX activity_session ON activity (session, time) WHERE session IS NOT NULL;
-- What was permitted and went well is nearly everything: no index could select by it.
CREATE INDEX activity_effect ON activity (tenant, effect, time) WHERE effect <> 0;
CREATE INDEX activity_status ON activity (tenant, status, time) WHERE status <> 0;
CREATE INDEX activity_open ON activity (id) WHERE status = 1;

-- A finding of kind `secret.github_token` also stands under its family, `secret`.
CREATE TABLE activity_findings (
    kind INTEGER NOT NULL,
    time INTEGER NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (kind, time, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX activity_findings_seq ON activity_findings (seq);

CREATE TABLE counters (
    tenant INTEGER NOT NULL REFERENCES tenants (id),
    key    TEXT NOT NULL,
    start  INTEGER NOT NULL,
    value  INTEGER NOT NULL,
    PRIMARY KEY (tenant, key, start)
) STRICT, WITHOUT ROWID;
