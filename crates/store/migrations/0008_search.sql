-- The search index, anew: every field of a record in blocks of the log (see sqlite/blocks.rs).
-- What the rows of before held is made again from the log.

DROP TABLE activity_findings;
DROP TABLE activity;
DROP TABLE terms;
UPDATE logs SET indexed = 0;

-- What fields say, each text once a field and tenant, so that postings hold numbers.
CREATE TABLE terms (
    id       INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL REFERENCES tenants (id),
    field  INTEGER NOT NULL,
    text   TEXT NOT NULL,
    UNIQUE (tenant, field, text)
) STRICT;

-- 8,192 positions of one log. `seq` below is the log's id and a record's position in it; a block
-- is `seq` without its last 13 bits. Rows of a block that does not stand here count for nothing.
CREATE TABLE blocks (
    block  INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    first  INTEGER NOT NULL, -- the earliest time in it
    last   INTEGER NOT NULL  -- the latest
) STRICT;

CREATE INDEX blocks_last ON blocks (tenant, last);

-- Which positions of a block have a term: a set of offsets (see sqlite/bits.rs). Of a number that
-- hardly ever comes twice, a term is one of its bits.
CREATE TABLE postings (
    block INTEGER NOT NULL,
    field INTEGER NOT NULL,
    term  INTEGER NOT NULL,
    bits  BLOB NOT NULL,
    PRIMARY KEY (block, field, term)
) STRICT, WITHOUT ROWID;

-- Texts that hardly ever come twice: a print of six bytes and an offset of two for each. A block
-- that is being filled has a part for each batch, one that is full a part for each start of prints.
CREATE TABLE prints (
    block INTEGER NOT NULL,
    field INTEGER NOT NULL,
    part  INTEGER NOT NULL,
    list  BLOB NOT NULL,
    PRIMARY KEY (block, field, part)
) STRICT, WITHOUT ROWID;

-- One row an action: the record that completes an action takes the place of the one that began it.
CREATE TABLE activity (
    seq      INTEGER PRIMARY KEY,
    id       BLOB NOT NULL,
    time     INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    effect   INTEGER NOT NULL,
    status   INTEGER NOT NULL,
    agent    INTEGER,
    resource INTEGER,
    begun    INTEGER -- position of the record that began this action
) STRICT;

CREATE INDEX activity_id ON activity (id);
CREATE INDEX activity_open ON activity (id) WHERE status = 1;

-- Up to where the receiver of an export has a log.
CREATE TABLE exports (
    log      INTEGER NOT NULL REFERENCES logs (id),
    name     TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (log, name)
) STRICT, WITHOUT ROWID;
