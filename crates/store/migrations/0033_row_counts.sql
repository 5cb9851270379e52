-- How many rows each tenant has of what is bounded, so that adding one does not count them all. Triggers keep
-- it, in the transaction in which a row comes or goes, whichever way it does: also where it goes with another.
CREATE TABLE row_counts (
    tenant INTEGER NOT NULL, -- 0: of all tenants together
    what   TEXT NOT NULL, -- a table
    rows   INTEGER NOT NULL,
    PRIMARY KEY (tenant, what)
) STRICT, WITHOUT ROWID;

INSERT INTO row_counts SELECT tenant, 'agents', count(*) FROM agents GROUP BY tenant;
CREATE TRIGGER agents_come AFTER INSERT ON agents BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'agents', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER agents_go AFTER DELETE ON agents BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'agents';
END;

INSERT INTO row_counts SELECT tenant, 'persons', count(*) FROM persons GROUP BY tenant;
CREATE TRIGGER persons_come AFTER INSERT ON persons BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'persons', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER persons_go AFTER DELETE ON persons BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'persons';
END;

INSERT INTO row_counts SELECT tenant, 'users', count(*) FROM users GROUP BY tenant;
CREATE TRIGGER users_come AFTER INSERT ON users BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'users', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER users_go AFTER DELETE ON users BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'users';
END;

INSERT INTO row_counts SELECT tenant, 'user_groups', count(*) FROM user_groups GROUP BY tenant;
CREATE TRIGGER user_groups_come AFTER INSERT ON user_groups BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'user_groups', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER user_groups_go AFTER DELETE ON user_groups BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'user_groups';
END;

INSERT INTO row_counts SELECT tenant, 'elevations', count(*) FROM elevations GROUP BY tenant;
CREATE TRIGGER elevations_come AFTER INSERT ON elevations BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'elevations', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER elevations_go AFTER DELETE ON elevations BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'elevations';
END;

INSERT INTO row_counts SELECT tenant, 'tools', count(*) FROM tools GROUP BY tenant;
CREATE TRIGGER tools_come AFTER INSERT ON tools BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'tools', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER tools_go AFTER DELETE ON tools BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'tools';
END;

INSERT INTO row_counts SELECT tenant, 'policy_versions', count(*) FROM policy_versions GROUP BY tenant;
CREATE TRIGGER policy_versions_come AFTER INSERT ON policy_versions BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'policy_versions', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER policy_versions_go AFTER DELETE ON policy_versions BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'policy_versions';
END;

INSERT INTO row_counts SELECT tenant, 'admin_tokens', count(*) FROM admin_tokens GROUP BY tenant;
CREATE TRIGGER admin_tokens_come AFTER INSERT ON admin_tokens BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'admin_tokens', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER admin_tokens_go AFTER DELETE ON admin_tokens BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'admin_tokens';
END;

INSERT INTO row_counts SELECT tenant, 'revoked_certificates', count(*) FROM revoked_certificates GROUP BY tenant;
CREATE TRIGGER revoked_certificates_come AFTER INSERT ON revoked_certificates BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'revoked_certificates', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER revoked_certificates_go AFTER DELETE ON revoked_certificates BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'revoked_certificates';
END;

INSERT INTO row_counts SELECT tenant, 'containments', count(*) FROM containments GROUP BY tenant;
CREATE TRIGGER containments_come AFTER INSERT ON containments BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'containments', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER containments_go AFTER DELETE ON containments BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'containments';
END;

INSERT INTO row_counts SELECT tenant, 'holds', count(*) FROM holds GROUP BY tenant;
CREATE TRIGGER holds_come AFTER INSERT ON holds BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'holds', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER holds_go AFTER DELETE ON holds BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'holds';
END;

INSERT INTO row_counts SELECT tenant, 'approvals', count(*) FROM approvals GROUP BY tenant;
CREATE TRIGGER approvals_come AFTER INSERT ON approvals BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'approvals', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
END;
CREATE TRIGGER approvals_go AFTER DELETE ON approvals BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'approvals';
END;

INSERT INTO row_counts SELECT 0, 'failed_attempts', count(*) FROM failed_attempts;
CREATE TRIGGER failed_attempts_come AFTER INSERT ON failed_attempts BEGIN
    UPDATE row_counts SET rows = rows + 1 WHERE tenant = 0 AND what = 'failed_attempts';
END;
CREATE TRIGGER failed_attempts_go AFTER DELETE ON failed_attempts BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = 0 AND what = 'failed_attempts';
END;

-- The same of the users of whom a directory told, and of those of them who may log in: it asks how many
-- they are with every page.
INSERT INTO row_counts SELECT tenant, 'users.told', count(*) FROM users WHERE is_provisioned GROUP BY tenant;
INSERT INTO row_counts
    SELECT tenant, 'users.told.active', count(*) FROM users WHERE is_provisioned AND active GROUP BY tenant;
CREATE TRIGGER users_told_come AFTER INSERT ON users WHEN NEW.is_provisioned BEGIN
    INSERT INTO row_counts VALUES (NEW.tenant, 'users.told', 1)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + 1;
    INSERT INTO row_counts VALUES (NEW.tenant, 'users.told.active', NEW.active)
        ON CONFLICT (tenant, what) DO UPDATE SET rows = rows + NEW.active;
END;
CREATE TRIGGER users_told_change AFTER UPDATE OF active ON users
    WHEN NEW.is_provisioned AND NEW.active <> OLD.active BEGIN
    UPDATE row_counts SET rows = rows + NEW.active - OLD.active
        WHERE tenant = NEW.tenant AND what = 'users.told.active';
END;
CREATE TRIGGER users_told_go AFTER DELETE ON users WHEN OLD.is_provisioned BEGIN
    UPDATE row_counts SET rows = rows - 1 WHERE tenant = OLD.tenant AND what = 'users.told';
    UPDATE row_counts SET rows = rows - OLD.active WHERE tenant = OLD.tenant AND what = 'users.told.active';
END;

-- The members of a group, counted at the group.
ALTER TABLE user_groups ADD COLUMN members INTEGER NOT NULL DEFAULT 0;
UPDATE user_groups SET members = (SELECT count(*) FROM user_group_members WHERE in_group = user_groups.id);
CREATE TRIGGER user_group_members_come AFTER INSERT ON user_group_members BEGIN
    UPDATE user_groups SET members = members + 1 WHERE id = NEW.in_group;
END;
CREATE TRIGGER user_group_members_go AFTER DELETE ON user_group_members BEGIN
    UPDATE user_groups SET members = members - 1 WHERE id = OLD.in_group;
END;
