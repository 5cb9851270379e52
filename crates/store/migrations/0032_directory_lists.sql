-- A directory's people, page by page: as they were told of, by whether they may log in, and in the orders
-- that can be asked for. An index ends with the row's id, so each is in the order of telling among equals.
CREATE INDEX users_told ON users (tenant) WHERE is_provisioned;
CREATE INDEX users_told_active ON users (tenant, active) WHERE is_provisioned;
CREATE INDEX users_told_name ON users (tenant, lower(name)) WHERE is_provisioned;
CREATE INDEX users_told_external ON users (tenant, external_id) WHERE is_provisioned;
CREATE INDEX users_told_updated ON users (tenant, updated) WHERE is_provisioned;
