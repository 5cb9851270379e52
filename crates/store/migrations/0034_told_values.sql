-- What a directory tells of people, value by value, in the order of values: filters and orders of SCIM find in
-- it what they would otherwise look for in each profile. The program fills it from the profiles
-- (see sqlite/told.rs).
CREATE TABLE told_values (
    tenant INTEGER NOT NULL,
    -- Which attribute, by its number.
    field  INTEGER NOT NULL,
    -- In small letters where capitals do not count.
    value  TEXT NOT NULL,
    user   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Of several values, which; people are put in order by the first, 0.
    place  INTEGER NOT NULL,
    PRIMARY KEY (tenant, field, value, user, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_values_user ON told_values (user, field, place);

-- What these held stands there too.
DROP INDEX users_told_name;
DROP INDEX users_told_external;

-- Whole, so that what comes before a page is passed over without a look at any row.
DROP INDEX users_told;
DROP INDEX users_told_active;
DROP INDEX users_told_updated;
CREATE INDEX users_told ON users (tenant, is_provisioned);
CREATE INDEX users_told_active ON users (tenant, is_provisioned, active);
CREATE INDEX users_told_updated ON users (tenant, is_provisioned, updated);
