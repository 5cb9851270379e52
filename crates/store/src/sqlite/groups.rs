//! Groups of whom a directory tells, in SQL.

use model::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::{columns, directory, tenants};
use crate::{
    GroupChange, GroupLabel, Lookup, MAX_GROUP_MEMBERS, MAX_GROUPS, MAX_GROUPS_PER_USER,
    Membership, Position, Result, StoreError, StoredGroup,
};

const SELECT: &str = "SELECT uid, name, external_id, created, updated, version, id
    FROM user_groups WHERE tenant = ?1";

fn from_row(row: &Row<'_>) -> Result<StoredGroup> {
    Ok(StoredGroup {
        uid: row.get(0)?,
        label: GroupLabel { name: row.get(1)?, external_id: row.get(2)? },
        created: columns::time(row, 3)?,
        updated: columns::time(row, 4)?,
        version: columns::count(row, 5)?,
    })
}

fn rows(tx: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<Vec<StoredGroup>> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} {sql}"))?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(from_row(row)?);
    }
    Ok(found)
}

const WITH_MEMBER: &str = "AND id IN (SELECT in_group FROM user_group_members
    JOIN users ON users.id = user WHERE users.tenant = ?1 AND users.uid = ?2) ORDER BY id";

pub(crate) fn find(
    tx: &Connection,
    tenant: &TenantId,
    lookup: &Lookup,
) -> Result<Vec<StoredGroup>> {
    let number = tenants::number(tx, tenant)?;
    let (sql, text) = match lookup {
        Lookup::Uid(uid) => ("AND uid = ?2", uid.clone()),
        Lookup::Name(name) => ("AND lower(name) = ?2", name.to_ascii_lowercase()),
        Lookup::External(id) => ("AND external_id = ?2 ORDER BY id", id.clone()),
        Lookup::Member(uid) => (WITH_MEMBER, uid.clone()),
    };
    rows(tx, sql, &[&number, &text])
}

fn one(tx: &Connection, tenant: &TenantId, uid: &str) -> Result<StoredGroup> {
    let found = find(tx, tenant, &Lookup::Uid(uid.to_owned()))?;
    found.into_iter().next().ok_or_else(|| StoreError::not_found("group", uid))
}

fn current(
    tx: &Connection,
    tenant: &TenantId,
    uid: &str,
    version: Option<u64>,
) -> Result<StoredGroup> {
    let stored = one(tx, tenant, uid)?;
    match version {
        Some(version) if version != stored.version => {
            Err(StoreError::Stale { current: stored.version })
        }
        _ => Ok(stored),
    }
}

pub(crate) fn list(
    tx: &Connection,
    tenant: &TenantId,
    (skip, limit): (usize, usize),
) -> Result<Vec<StoredGroup>> {
    let number = tenants::number(tx, tenant)?;
    let (skip, limit) = (columns::signed(skip as u64), columns::signed(limit as u64));
    rows(tx, "ORDER BY id LIMIT ?2 OFFSET ?3", &[&number, &limit, &skip])
}

pub(crate) fn batch(
    tx: &Connection,
    tenant: &TenantId,
    (after, limit): (Position, usize),
) -> Result<(Vec<StoredGroup>, Position)> {
    let number = tenants::number(tx, tenant)?;
    let sql = format!("{SELECT} AND id > ?2 ORDER BY id LIMIT ?3");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params![number, after.0, columns::signed(limit as u64)])?;
    let (mut found, mut last) = (Vec::new(), after);
    while let Some(row) = rows.next()? {
        last = Position(row.get("id")?);
        found.push(from_row(row)?);
    }
    Ok((found, last))
}

pub(crate) fn count(tx: &Connection, tenant: &TenantId) -> Result<usize> {
    tenants::rows(tx, tenants::number(tx, tenant)?, "user_groups")
}

/// The groups that a user is in, by name.
pub(super) fn of_user(tx: &Connection, user: i64) -> Result<Vec<Membership>> {
    let sql = "SELECT uid, name FROM user_groups JOIN user_group_members ON in_group = id
        WHERE user = ?1 ORDER BY name";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([user])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        groups.push(Membership { uid: row.get(0)?, name: row.get(1)? });
    }
    Ok(groups)
}

pub(crate) fn members(tx: &Connection, tenant: &TenantId, uid: &str) -> Result<Vec<String>> {
    let sql = "SELECT users.uid FROM user_group_members
        JOIN user_groups ON user_groups.id = in_group JOIN users ON users.id = user
        WHERE user_groups.tenant = ?1 AND user_groups.uid = ?2 ORDER BY users.id";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenants::number(tx, tenant)?, uid])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        members.push(row.get(0)?);
    }
    Ok(members)
}

pub(crate) fn add(
    tx: &Connection,
    tenant: &TenantId,
    uid: &str,
    change: &GroupChange,
    now: Timestamp,
) -> Result<StoredGroup> {
    let number = tenants::number(tx, tenant)?;
    refuse_alike(tx, number, &change.label.name, None)?;
    tenants::check_room(tx, number, ("user_groups", "groups"), MAX_GROUPS)?;
    let sql = "INSERT INTO user_groups (tenant, uid, name, external_id, created, updated)
        VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
    let GroupLabel { name, external_id } = &change.label;
    tx.prepare_cached(sql)?.execute(params![number, uid, name, external_id, now.micros()])?;
    move_members(tx, number, uid, change)?;
    one(tx, tenant, uid)
}

/// Roles hang on names, so no two groups share one, in capitals or not.
fn refuse_alike(tx: &Connection, tenant: i64, name: &str, but: Option<&str>) -> Result<()> {
    let sql = "SELECT uid FROM user_groups WHERE tenant = ?1 AND lower(name) = ?2";
    let values = params![tenant, name.to_ascii_lowercase()];
    let found: Option<String> =
        tx.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    match found {
        Some(found) if Some(found.as_str()) != but => Err(StoreError::exists("group", name)),
        _ => Ok(()),
    }
}

pub(crate) fn change(
    tx: &Connection,
    tenant: &TenantId,
    uid: &str,
    change: &GroupChange,
    version: Option<u64>,
    now: Timestamp,
) -> Result<StoredGroup> {
    current(tx, tenant, uid, version)?;
    let number = tenants::number(tx, tenant)?;
    let GroupLabel { name, external_id } = &change.label;
    refuse_alike(tx, number, name, Some(uid))?;
    let sql = "UPDATE user_groups SET name = ?3, external_id = ?4, updated = ?5,
        version = version + 1 WHERE tenant = ?1 AND uid = ?2";
    tx.prepare_cached(sql)?.execute(params![number, uid, name, external_id, now.micros()])?;
    move_members(tx, number, uid, change)?;
    one(tx, tenant, uid)
}

fn move_members(tx: &Connection, tenant: i64, uid: &str, change: &GroupChange) -> Result<()> {
    let sql = "SELECT id FROM user_groups WHERE tenant = ?1 AND uid = ?2";
    let group: i64 = tx.prepare_cached(sql)?.query_row(params![tenant, uid], |row| row.get(0))?;
    let sql = "DELETE FROM user_group_members WHERE in_group = ?1
        AND user = (SELECT id FROM users WHERE tenant = ?2 AND uid = ?3)";
    let mut take = tx.prepare_cached(sql)?;
    for member in &change.removed {
        take.execute(params![group, tenant, member])?;
    }
    let sql = "INSERT INTO user_group_members (in_group, user) VALUES (?1, ?2)
        ON CONFLICT DO NOTHING";
    let mut put = tx.prepare_cached(sql)?;
    for member in &change.added {
        let user = directory::number_of(tx, tenant, member)?;
        let user = user.ok_or(StoreError::Invalid(NO_MEMBER))?;
        let count = "SELECT count(*) FROM user_group_members WHERE user = ?1";
        tenants::check_few(tx, count, user, "groups of one user", MAX_GROUPS_PER_USER)?;
        put.execute(params![group, user])?;
    }
    let sql = "SELECT members FROM user_groups WHERE id = ?1";
    let members: i64 = tx.prepare_cached(sql)?.query_row([group], |row| row.get(0))?;
    match columns::unsigned(members)? > MAX_GROUP_MEMBERS {
        true => Err(StoreError::Full { what: "members of one group", limit: MAX_GROUP_MEMBERS }),
        false => Ok(()),
    }
}

const NO_MEMBER: &str = "a member is none of the users that the directory told of";

pub(crate) fn remove(
    tx: &Connection,
    tenant: &TenantId,
    uid: &str,
    version: Option<u64>,
) -> Result<StoredGroup> {
    let before = current(tx, tenant, uid, version)?;
    let sql = "DELETE FROM user_groups WHERE tenant = ?1 AND uid = ?2";
    tx.prepare_cached(sql)?.execute(params![tenants::number(tx, tenant)?, uid])?;
    Ok(before)
}
