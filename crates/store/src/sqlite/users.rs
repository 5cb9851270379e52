//! Users and their grants in SQL.

use model::{TenantId, Timestamp, UserName};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{columns, groups, links, tenants};
use crate::{
    MAX_GRANTS_PER_USER, MAX_USERS, NewGrant, NewUser, Result, StoreError, StoredGrant, StoredUser,
    UserChange,
};

const SELECT: &str = "SELECT id, uid, name, display, email, active, created, updated, version,
    (SELECT count(*) FROM user_factors WHERE user = users.id), is_provisioned FROM users WHERE tenant = ?1";

fn from_row(tx: &Connection, tenant: &TenantId, row: &Row<'_>) -> Result<StoredUser> {
    Ok(StoredUser {
        tenant: tenant.clone(),
        uid: row.get(1)?,
        name: columns::name(row, 2)?,
        display: row.get(3)?,
        email: row.get(4)?,
        active: row.get(5)?,
        grants: grants(tx, row.get(0)?)?,
        groups: groups::of_user(tx, row.get(0)?)?,
        links: links::of_user(tx, row.get(0)?)?,
        is_provisioned: row.get(10)?,
        elevations: super::elevations::of_user(tx, row.get(0)?)?,
        factors: columns::count(row, 9)?,
        created: columns::time(row, 6)?,
        updated: columns::time(row, 7)?,
        version: columns::count(row, 8)?,
    })
}

/// The number under which a user's rows stand.
pub(super) fn number(tx: &Connection, tenant: &TenantId, name: &UserName) -> Result<i64> {
    let sql = "SELECT id FROM users WHERE tenant = ?1 AND name = ?2";
    let values = params![tenants::number(tx, tenant)?, name.as_str()];
    let found = tx.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    found.ok_or_else(|| StoreError::not_found("user", name))
}

/// The tenant and name of a user's number.
pub(super) fn named(tx: &Connection, number: i64) -> Result<(TenantId, UserName)> {
    let sql = "SELECT tenants.name, users.name FROM users JOIN tenants ON tenants.id = users.tenant
        WHERE users.id = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    let row = rows.next()?.ok_or(StoreError::Corrupt("user"))?;
    Ok((columns::name(row, 0)?, columns::name(row, 1)?))
}

fn find(tx: &Connection, tenant: &TenantId, name: &UserName) -> Result<Option<StoredUser>> {
    let number = tenants::number(tx, tenant)?;
    let mut statement = tx.prepare_cached(&format!("{SELECT} AND name = ?2"))?;
    let mut rows = statement.query(params![number, name.as_str()])?;
    rows.next()?.map(|row| from_row(tx, tenant, row)).transpose()
}

pub(crate) fn one(tx: &Connection, tenant: &TenantId, name: &UserName) -> Result<StoredUser> {
    find(tx, tenant, name)?.ok_or_else(|| StoreError::not_found("user", name))
}

pub(crate) fn list(
    tx: &Connection,
    tenant: &TenantId,
    after: Option<&UserName>,
    limit: usize,
) -> Result<Vec<StoredUser>> {
    let number = tenants::number(tx, tenant)?;
    let sql = format!("{SELECT} AND name > ?2 ORDER BY name LIMIT ?3");
    let mut statement = tx.prepare_cached(&sql)?;
    let after = after.map_or("", UserName::as_str);
    let mut rows = statement.query(params![number, after, columns::signed(limit as u64)])?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push(from_row(tx, tenant, row)?);
    }
    Ok(users)
}

pub(crate) fn add(
    tx: &Connection,
    tenant: &TenantId,
    user: &NewUser,
    grants: &[NewGrant],
    now: Timestamp,
) -> Result<StoredUser> {
    let number = tenants::number(tx, tenant)?;
    if find(tx, tenant, &user.name)?.is_some() {
        return Err(StoreError::exists("user", &user.name));
    }
    tenants::check_room(tx, number, ("users", "users"), MAX_USERS)?;
    let sql = "INSERT INTO users (tenant, uid, name, display, email, created, updated)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
    let name = user.name.as_str();
    let values = params![number, user.uid, name, user.display, user.email, now.micros()];
    tx.prepare_cached(sql)?.execute(values)?;
    for one in grants {
        grant(tx, tenant, &user.name, one, now)?;
    }
    one(tx, tenant, &user.name)
}

pub(crate) fn update(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
    change: &UserChange,
    version: Option<u64>,
    now: Timestamp,
) -> Result<StoredUser> {
    let before = current(tx, tenant, name, version)?;
    let number = number(tx, tenant, name)?;
    let renamed = change.name.as_ref().unwrap_or(name);
    if renamed != name && find(tx, tenant, renamed)?.is_some() {
        return Err(StoreError::exists("user", renamed));
    }
    let sql = "UPDATE users SET name = ?2, display = ?3, email = ?4, active = ?5, updated = ?6,
        version = version + 1 WHERE id = ?1";
    let display = change.display.clone().unwrap_or(before.display);
    let email = change.email.clone().unwrap_or(before.email);
    let active = change.active.unwrap_or(before.active);
    let values = params![number, renamed.as_str(), display, email, active, now.micros()];
    tx.prepare_cached(sql)?.execute(values)?;
    if change.name.is_some() || change.display.is_some() {
        super::told::renew(tx, number)?;
    }
    if !active {
        super::sessions::end_all(tx, number, None)?;
        super::elevations::end_all_of(tx, number, now)?;
        tx.prepare_cached("DELETE FROM invitations WHERE user = ?1")?.execute([number])?;
    }
    one(tx, tenant, renamed)
}

pub(super) fn remove(tx: &Connection, tenant: &TenantId, name: &UserName) -> Result<()> {
    let number = number(tx, tenant, name)?;
    tx.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([number])?;
    Ok(())
}

pub(super) fn current(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
    version: Option<u64>,
) -> Result<StoredUser> {
    let stored = one(tx, tenant, name)?;
    match version {
        Some(version) if version != stored.version => {
            Err(StoreError::Stale { current: stored.version })
        }
        _ => Ok(stored),
    }
}

pub(crate) fn is_anybody_there(tx: &Connection, tenant: &TenantId) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users JOIN user_factors ON user_factors.user = users.id
        WHERE tenant = ?1 AND active)";
    let number = tenants::number(tx, tenant)?;
    Ok(tx.prepare_cached(sql)?.query_row([number], |row| row.get(0))?)
}

pub(super) fn grants(tx: &Connection, user: i64) -> Result<Vec<StoredGrant>> {
    let sql = "SELECT role, starts, ends, hours, reason, granted_by, created FROM user_grants
        WHERE user = ?1 ORDER BY role";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([user])?;
    let mut grants = Vec::new();
    while let Some(row) = rows.next()? {
        grants.push(StoredGrant {
            role: row.get(0)?,
            starts: columns::optional_time(row, 1)?,
            ends: columns::optional_time(row, 2)?,
            hours: row.get(3)?,
            reason: row.get(4)?,
            granted_by: row.get(5)?,
            created: columns::time(row, 6)?,
        });
    }
    Ok(grants)
}

pub(crate) fn grant(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
    grant: &NewGrant,
    now: Timestamp,
) -> Result<StoredUser> {
    let user = number(tx, tenant, name)?;
    let count = "SELECT count(*) FROM user_grants WHERE user = ?1";
    tenants::check_few(tx, count, user, "grants of one user", MAX_GRANTS_PER_USER)?;
    let sql =
        "INSERT INTO user_grants (user, role, starts, ends, hours, reason, granted_by, created)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (user, role) DO UPDATE SET starts = ?3, ends = ?4, hours = ?5, reason = ?6,
        granted_by = ?7, created = ?8";
    let (starts, ends) = (grant.starts.map(Timestamp::micros), grant.ends.map(Timestamp::micros));
    let values = params![
        user,
        grant.role,
        starts,
        ends,
        grant.hours,
        grant.reason,
        grant.granted_by,
        now.micros()
    ];
    tx.prepare_cached(sql)?.execute(values)?;
    touch(tx, user, now)?;
    one(tx, tenant, name)
}

pub(crate) fn revoke(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
    role: &str,
    now: Timestamp,
) -> Result<StoredUser> {
    let user = number(tx, tenant, name)?;
    let sql = "DELETE FROM user_grants WHERE user = ?1 AND role = ?2";
    if tx.prepare_cached(sql)?.execute(params![user, role])? == 0 {
        return Err(StoreError::not_found("grant", role));
    }
    touch(tx, user, now)?;
    one(tx, tenant, name)
}

/// Lets a grant end sooner.
pub(super) fn shorten(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
    role: &str,
    ends: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let user = number(tx, tenant, name)?;
    let sql = "UPDATE user_grants SET ends = min(coalesce(ends, ?3), ?3)
        WHERE user = ?1 AND role = ?2";
    tx.prepare_cached(sql)?.execute(params![user, role, ends.micros()])?;
    touch(tx, user, now)
}

fn touch(tx: &Connection, user: i64, now: Timestamp) -> Result<()> {
    let sql = "UPDATE users SET updated = ?2, version = version + 1 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![user, now.micros()])?;
    Ok(())
}

pub(crate) fn password(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
) -> Result<Option<String>> {
    let sql = "SELECT password FROM users WHERE tenant = ?1 AND name = ?2 AND active";
    let values = params![tenants::number(tx, tenant)?, name.as_str()];
    let found = tx.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(found.flatten())
}

pub(crate) fn set_password(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
    hash: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let user = number(tx, tenant, name)?;
    let sql = "UPDATE users SET password = ?2 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![user, hash])?;
    touch(tx, user, now)
}
