//! People of whom a directory tells, in SQL.

use model::{TenantId, Timestamp, UserName};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::{columns, groups, leavers, listed, tenants, told};
use crate::{
    Leaving, Left, Listing, Lookup, MAX_USERS, Position, Profile, Provisioned, ProvisionedChange,
    Result, StoreError, Whom,
};

const SELECT: &str = "SELECT id, uid, name, display, email, external_id, profile, active, created,
    updated, version FROM users WHERE tenant = ?1 AND is_provisioned";

fn from_row(tx: &Connection, row: &Row<'_>, with_groups: bool) -> Result<Provisioned> {
    let groups = if with_groups { groups::of_user(tx, row.get(0)?)? } else { Vec::new() };
    Ok(Provisioned {
        uid: row.get(1)?,
        profile: Profile {
            name: columns::name(row, 2)?,
            display: row.get(3)?,
            email: row.get(4)?,
            external_id: row.get(5)?,
            more: row.get::<_, Option<String>>(6)?.unwrap_or_else(|| "{}".to_owned()),
        },
        active: row.get(7)?,
        groups,
        created: columns::time(row, 8)?,
        updated: columns::time(row, 9)?,
        version: columns::count(row, 10)?,
    })
}

fn rows(
    tx: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    with_groups: bool,
) -> Result<Vec<Provisioned>> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} {sql}"))?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(from_row(tx, row, with_groups)?);
    }
    Ok(found)
}

pub(crate) fn find(
    tx: &Connection,
    tenant: &TenantId,
    lookup: &Lookup,
    with_groups: bool,
) -> Result<Vec<Provisioned>> {
    let number = tenants::number(tx, tenant)?;
    let (sql, text) = match lookup {
        Lookup::Uid(uid) => ("AND uid = ?2", uid.clone()),
        Lookup::Name(name) => ("AND lower(name) = ?2", name.to_ascii_lowercase()),
        Lookup::External(id) => ("AND external_id = ?2 ORDER BY id", id.clone()),
        // Nobody is a member of a user.
        Lookup::Member(_) => return Ok(Vec::new()),
    };
    rows(tx, sql, &[&number, &text], with_groups)
}

fn one(tx: &Connection, tenant: &TenantId, uid: &str) -> Result<Provisioned> {
    let found = find(tx, tenant, &Lookup::Uid(uid.to_owned()), true)?;
    found.into_iter().next().ok_or_else(|| StoreError::not_found("user", uid))
}

/// The number under which a user of a directory's stands.
pub(super) fn number_of(tx: &Connection, tenant: i64, uid: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM users WHERE tenant = ?1 AND uid = ?2 AND is_provisioned";
    Ok(tx.prepare_cached(sql)?.query_row(params![tenant, uid], |row| row.get(0)).optional()?)
}

pub(crate) fn list(
    tx: &Connection,
    tenant: &TenantId,
    listing: &Listing,
    part: (usize, usize),
    with_groups: bool,
) -> Result<Vec<Provisioned>> {
    let number = tenants::number(tx, tenant)?;
    let mut found = Vec::new();
    for id in listed::ids(tx, number, listing, part)? {
        found.extend(rows(tx, "AND id = ?2", &[&number, &id], with_groups)?);
    }
    Ok(found)
}

pub(crate) fn batch(
    tx: &Connection,
    tenant: &TenantId,
    whom: &Whom,
    (after, limit): (Position, usize),
    with_groups: bool,
) -> Result<(Vec<Provisioned>, Position)> {
    let number = tenants::number(tx, tenant)?;
    let ids = listed::ids_after(tx, number, whom, (after.0, limit))?;
    let last = ids.last().map_or(after, |last| Position(*last));
    let mut found = Vec::new();
    for id in ids {
        found.extend(rows(tx, "AND id = ?2", &[&number, &id], with_groups)?);
    }
    Ok((found, last))
}

pub(crate) fn count(tx: &Connection, tenant: &TenantId, whom: &Whom) -> Result<usize> {
    listed::count(tx, tenants::number(tx, tenant)?, whom)
}

pub(crate) fn add(
    tx: &Connection,
    tenant: &TenantId,
    uid: &str,
    profile: &Profile,
    active: bool,
    now: Timestamp,
) -> Result<Provisioned> {
    let number = tenants::number(tx, tenant)?;
    refuse_alike(tx, number, &profile.name, None)?;
    tenants::check_room(tx, number, ("users", "users"), MAX_USERS)?;
    let sql = "INSERT INTO users (tenant, uid, name, display, email, external_id, profile, active,
        created, updated, is_provisioned) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, 1)";
    tx.prepare_cached(sql)?.execute(params![
        number,
        uid,
        profile.name.as_str(),
        profile.display,
        profile.email,
        profile.external_id,
        profile.more,
        active,
        now.micros()
    ])?;
    told::renew(tx, tx.last_insert_rowid())?;
    one(tx, tenant, uid)
}

/// Directories do not tell names apart by capitals, so none is added that differs in them alone.
fn refuse_alike(tx: &Connection, tenant: i64, name: &UserName, but: Option<&str>) -> Result<()> {
    let sql = "SELECT uid FROM users WHERE tenant = ?1 AND lower(name) = ?2";
    let values = params![tenant, name.as_str().to_ascii_lowercase()];
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        if row.get_ref(0)?.as_str().ok() != but {
            return Err(StoreError::exists("user", name));
        }
    }
    Ok(())
}

pub(crate) fn change(
    tx: &Connection,
    tenant: &TenantId,
    uid: &str,
    change: &ProvisionedChange,
    version: Option<u64>,
    now: Timestamp,
) -> Result<(Provisioned, Option<Left>)> {
    let before = one(tx, tenant, uid)?;
    if version.is_some_and(|version| version != before.version) {
        return Err(StoreError::Stale { current: before.version });
    }
    let number = tenants::number(tx, tenant)?;
    let (old, new) = (&before.profile.name, &change.profile.name);
    if old != new {
        refuse_alike(tx, number, new, Some(uid))?;
        rename(tx, number, old, new)?;
    }
    write(tx, number, uid, change, now)?;
    if let Some(user) = number_of(tx, number, uid)? {
        told::renew(tx, user)?;
    }
    let leaves = before.active && !change.active;
    let left = match leaves {
        true => {
            let leaving = Leaving {
                user: new.clone(),
                hand_over_to: change.hand_over_to.clone(),
                by: change.by.clone(),
            };
            Some(leavers::leave(tx, tenant, &leaving, now)?)
        }
        false => None,
    };
    Ok((one(tx, tenant, uid)?, left))
}

fn write(
    tx: &Connection,
    tenant: i64,
    uid: &str,
    change: &ProvisionedChange,
    now: Timestamp,
) -> Result<()> {
    let ProvisionedChange { profile, active, .. } = change;
    // Who leaves is made inactive by that; who comes back, here.
    let sql = "UPDATE users SET name = ?3, display = ?4, email = ?5, external_id = ?6, profile = ?7,
        active = max(active, ?8), updated = ?9, version = version + 1 WHERE tenant = ?1 AND uid = ?2";
    tx.prepare_cached(sql)?.execute(params![
        tenant,
        uid,
        profile.name.as_str(),
        profile.display,
        profile.email,
        profile.external_id,
        profile.more,
        active,
        now.micros()
    ])?;
    Ok(())
}

/// What names somebody goes with them: whoever takes the old name later must answer for nothing of theirs.
fn rename(tx: &Connection, tenant: i64, old: &UserName, new: &UserName) -> Result<()> {
    let taken = "SELECT EXISTS (SELECT 1 FROM persons WHERE tenant = ?1 AND name = ?2)";
    let values = params![tenant, new.as_str()];
    if tx.prepare_cached(taken)?.query_row(values, |row| row.get::<_, bool>(0))? {
        return Err(StoreError::exists("person", new));
    }
    for sql in [
        "UPDATE agents SET owner = ?3, version = version + 1 WHERE tenant = ?1 AND owner = ?2",
        "UPDATE persons SET name = ?3, version = version + 1 WHERE tenant = ?1 AND name = ?2",
    ] {
        tx.prepare_cached(sql)?.execute(params![tenant, old.as_str(), new.as_str()])?;
    }
    tenants::touch(tx, tenant)
}
