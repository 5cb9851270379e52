-- MCP servers can be contained, and their tools are pinned.

-- SQLite cannot change a check, so the table is made again. What may stand in `type` is checked by
-- the program, which has to know each type anyway.
CREATE TABLE containments_of_anything (
    tenant   INTEGER NOT NULL REFERENCES tenants (id),
    type     TEXT NOT NULL,
    name     TEXT NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('suspended', 'quarantined')),
    reason   TEXT NOT NULL,
    who      TEXT NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (tenant, type, name)
) STRICT, WITHOUT ROWID;

INSERT INTO containments_of_anything SELECT tenant, type, name, standing, reason, who, since FROM containments;
DROP TABLE containments;
ALTER TABLE containments_of_anything RENAME TO containments;

-- What was agreed of each tool, and what its server says instead. A description is kept in its
-- canonical form; hashes are made of it when it is read.
CREATE TABLE tools (
    tenant   INTEGER NOT NULL REFERENCES tenants (id),
    server   TEXT NOT NULL,
    name     TEXT NOT NULL,
    -- Grows with each change: of two writers the second notices.
    revision INTEGER NOT NULL,
    accepted TEXT,
    offered  TEXT,
    -- Of what is offered.
    why      TEXT CHECK (why IN ('new', 'poisoned', 'changed')),
    findings TEXT NOT NULL, -- a JSON array of kinds
    agent    TEXT,
    differs  INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    -- Who decided last, and when anything changed.
    who      TEXT NOT NULL,
    changed  INTEGER NOT NULL,
    PRIMARY KEY (tenant, server, name),
    CHECK (accepted IS NOT NULL OR offered IS NOT NULL),
    CHECK ((offered IS NULL) = (why IS NULL))
) STRICT, WITHOUT ROWID;
