-- People and groups of whom a directory tells (SCIM). It changes no others.
ALTER TABLE users ADD COLUMN is_provisioned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN external_id TEXT;
-- Name and addresses, as JSON.
ALTER TABLE users ADD COLUMN profile TEXT;
CREATE INDEX users_lower ON users (tenant, lower(name));
CREATE INDEX users_external ON users (tenant, external_id);

CREATE TABLE user_groups (
    id          INTEGER PRIMARY KEY,
    tenant      INTEGER NOT NULL REFERENCES tenants (id),
    uid         TEXT NOT NULL UNIQUE,
    -- The configuration names it by this.
    name        TEXT NOT NULL,
    external_id TEXT,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    version     INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX user_groups_lower ON user_groups (tenant, lower(name));

CREATE TABLE user_group_members (
    in_group INTEGER NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    user     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (in_group, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_group_members_user ON user_group_members (user);

-- A token that may do nothing else.
CREATE TABLE admin_tokens_new (
    hash    BLOB PRIMARY KEY CHECK (length(hash) = 32),
    tenant  INTEGER NOT NULL REFERENCES tenants (id),
    name    TEXT NOT NULL,
    scope   TEXT NOT NULL CHECK (scope IN ('read', 'write', 'payload', 'provision')),
    owner   INTEGER REFERENCES users (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER,
    UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;
INSERT INTO admin_tokens_new (hash, tenant, name, scope, owner, created, expires)
    SELECT hash, tenant, name, scope, owner, created, expires FROM admin_tokens;
DROP TABLE admin_tokens;
ALTER TABLE admin_tokens_new RENAME TO admin_tokens;
