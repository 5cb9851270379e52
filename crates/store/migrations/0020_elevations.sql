-- Roles that somebody holds for some minutes: asked for and approved, or taken at once.
CREATE TABLE elevations (
    id          TEXT PRIMARY KEY,
    tenant      INTEGER NOT NULL REFERENCES tenants (id),
    -- None once the user was removed; the name stays, because what they did must still be reviewed.
    user        INTEGER REFERENCES users (id) ON DELETE SET NULL,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    way         TEXT NOT NULL CHECK (way IN ('request', 'break_glass')),
    state       TEXT NOT NULL
        CHECK (state IN ('waiting', 'denied', 'lapsed', 'withdrawn', 'active', 'ended')),
    seconds     INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    created     INTEGER NOT NULL,
    -- Until when it waits; once it counts, until when.
    ends        INTEGER NOT NULL,
    starts      INTEGER,
    decided_by  TEXT,
    decision    TEXT,
    -- Who ended it early.
    ended_by    TEXT,
    reviewed    INTEGER,
    reviewed_by TEXT,
    review      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX elevations_tenant ON elevations (tenant, created);
CREATE INDEX elevations_user ON elevations (user) WHERE state IN ('waiting', 'active');
CREATE INDEX elevations_open ON elevations (tenant, ends) WHERE state IN ('waiting', 'active');
CREATE INDEX elevations_unreviewed ON elevations (tenant) WHERE way = 'break_glass' AND reviewed IS NULL;
