-- Values that were taken out of requests, sealed by their writer; see the gate's vault.
CREATE TABLE kept_values (
    tenant INTEGER NOT NULL REFERENCES tenants (id),
    id     BLOB NOT NULL CHECK (length(id) = 10),
    -- A name, not a reference: what an agent sent stays its own when it is removed and added again.
    agent  TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
