-- By whose word somebody logs in: an identity provider's, and how it knows them.
CREATE TABLE user_links (
    tenant  INTEGER NOT NULL REFERENCES tenants (id),
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    user    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The groups that it said last, as JSON, and when.
    groups  TEXT NOT NULL,
    seen    INTEGER NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (tenant, issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_links_user ON user_links (user);
