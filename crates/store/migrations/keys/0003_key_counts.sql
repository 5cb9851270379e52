-- How many keys each tenant has, so that adding one does not count them all (see 0033_row_counts.sql).
CREATE TABLE key_counts (
    tenant TEXT PRIMARY KEY,
    rows   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO key_counts SELECT tenant, count(*) FROM keys GROUP BY tenant;
CREATE TRIGGER keys_come AFTER INSERT ON keys BEGIN
    INSERT INTO key_counts VALUES (NEW.tenant, 1) ON CONFLICT (tenant) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER keys_go AFTER DELETE ON keys BEGIN
    UPDATE key_counts SET rows = rows - 1 WHERE tenant = OLD.tenant;
END;
