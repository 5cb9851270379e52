//! People of whom a directory tells, in SQL.

use model::{TenantId, Timestamp, UserName};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::{columns, groups, leavers, tenants};
use crate::{
    Leaving, Left, ListedBy, Listing, Lookup, MAX_USERS, Profile, Provisioned, ProvisionedChange,
    Result, StoreError,
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
    listing: Listing,
    (skip, limit): (usize, usize),
    with_groups: bool,
) -> Result<Vec<Provisioned>> {
    let number = tenants::number(tx, tenant)?;
    let (skip, limit) = (columns::signed(skip as u64), columns::signed(limit as u64));
    let values: &[&dyn ToSql] = &[&number, &limit, &skip];
    rows(tx, &listing_sql(listing), values, with_groups)
}

/// An index serves each of these, also where the first of many are passed over.
fn listing_sql(listing: Listing) -> String {
    let (way, nulls) = if listing.is_descending { ("DESC", "FIRST") } else { ("ASC", "LAST") };
    let by = match listing.by {
        ListedBy::Added => String::new(),
        ListedBy::Name => format!("lower(name) {way},"),
        ListedBy::External => format!("external_id {way} NULLS {nulls},"),
        ListedBy::Updated => format!("updated {way},"),
    };
    format!("{} ORDER BY {by} id {way} LIMIT ?2 OFFSET ?3", active_sql(listing.active))
}

fn active_sql(active: Option<bool>) -> &'static str {
    match active {
        None => "",
        Some(true) => "AND active = 1",
        Some(false) => "AND active = 0",
    }
}

pub(crate) fn count(tx: &Connection, tenant: &TenantId, active: Option<bool>) -> Result<usize> {
    let active = active_sql(active);
    let sql = format!("SELECT count(*) FROM users WHERE tenant = ?1 AND is_provisioned {active}");
    let number = tenants::number(tx, tenant)?;
    let found: i64 = tx.prepare_cached(&sql)?.query_row([number], |row| row.get(0))?;
    usize::try_from(found).map_err(|_| StoreError::Corrupt("number"))
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
    let count = "SELECT count(*) FROM users WHERE tenant = ?1";
    tenants::check_room(tx, count, number, "users", MAX_USERS)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrate;

    #[test]
    fn an_index_serves_every_order_and_every_count() {
        let db = Connection::open_in_memory().unwrap();
        for sql in migrate::STATE {
            db.execute_batch(sql).unwrap();
        }
        let plan = |sql: &str| {
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let empty: Vec<Option<i64>> = vec![None; statement.parameter_count()];
            let rows = statement.query_map(rusqlite::params_from_iter(empty), |row| row.get(3));
            rows.unwrap().map(Result::unwrap).collect::<Vec<String>>().join("; ")
        };
        for by in [ListedBy::Added, ListedBy::Name, ListedBy::External, ListedBy::Updated] {
            for is_descending in [false, true] {
                let listing = Listing { active: None, by, is_descending };
                let plan = plan(&format!("{SELECT} {}", listing_sql(listing)));
                assert!(plan.contains("USING INDEX users_told"), "{by:?}: {plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{by:?} {is_descending}: {plan}");
            }
        }
        for active in [None, Some(false), Some(true)] {
            let listing = Listing { active, ..Listing::default() };
            let listed = plan(&format!("{SELECT} {}", listing_sql(listing)));
            assert!(!listed.contains("TEMP B-TREE"), "{listed}");
            let count = format!(
                "SELECT count(*) FROM users WHERE tenant = ?1 AND is_provisioned {}",
                active_sql(active)
            );
            let counted = plan(&count);
            for plan in [listed, counted] {
                assert!(plan.contains("INDEX users_told"), "{active:?}: {plan}");
            }
        }
    }
}
