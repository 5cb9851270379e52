//! People in SQL.

use model::{Person, Scopes, Standing, TenantId, Timestamp, UserName};
use rusqlite::{Connection, Row, params};

use super::{columns, tenants};
use crate::{MAX_PERSONS, NewPerson, PersonChange, Result, StoreError, StoredPerson};

const SELECT: &str = "SELECT name, email, scopes, standing, created, updated, version FROM persons
    WHERE tenant = ?1";

fn from_row(tenant: &TenantId, row: &Row<'_>) -> Result<StoredPerson> {
    let scopes: String = row.get(2)?;
    let person = Person {
        tenant: tenant.clone(),
        name: columns::name(row, 0)?,
        email: row.get(1)?,
        scopes: Scopes::parse(&scopes).map_err(|_| StoreError::Corrupt("scope"))?,
        standing: columns::standing(row, 3)?,
    };
    Ok(StoredPerson {
        person,
        created: columns::time(row, 4)?,
        updated: columns::time(row, 5)?,
        version: columns::count(row, 6)?,
    })
}

fn find(tx: &Connection, tenant: &TenantId, name: &UserName) -> Result<Option<StoredPerson>> {
    let number = tenants::number(tx, tenant)?;
    let mut statement = tx.prepare_cached(&format!("{SELECT} AND name = ?2"))?;
    let mut rows = statement.query(params![number, name.as_str()])?;
    rows.next()?.map(|row| from_row(tenant, row)).transpose()
}

pub(crate) fn one(tx: &Connection, tenant: &TenantId, name: &UserName) -> Result<StoredPerson> {
    find(tx, tenant, name)?.ok_or_else(|| StoreError::not_found("person", name))
}

pub(crate) fn list(
    tx: &Connection,
    tenant: &TenantId,
    after: Option<&UserName>,
    limit: usize,
) -> Result<Vec<StoredPerson>> {
    let number = tenants::number(tx, tenant)?;
    let sql = format!("{SELECT} AND name > ?2 ORDER BY name LIMIT ?3");
    let mut statement = tx.prepare_cached(&sql)?;
    let after = after.map_or("", UserName::as_str);
    let mut rows = statement.query(params![number, after, columns::signed(limit as u64)])?;
    let mut persons = Vec::new();
    while let Some(row) = rows.next()? {
        persons.push(from_row(tenant, row)?);
    }
    Ok(persons)
}

pub(crate) fn add(
    tx: &Connection,
    tenant: &TenantId,
    person: &NewPerson,
    now: Timestamp,
) -> Result<StoredPerson> {
    let number = tenants::number(tx, tenant)?;
    if find(tx, tenant, &person.name)?.is_some() {
        return Err(StoreError::exists("person", &person.name));
    }
    tenants::check_room(tx, number, ("persons", "persons"), MAX_PERSONS)?;
    let sql = "INSERT INTO persons (tenant, name, email, scopes, created, updated)
        VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
    let scopes = person.scopes.to_string();
    let values = params![number, person.name.as_str(), person.email, scopes, now.micros()];
    tx.prepare_cached(sql)?.execute(values)?;
    tenants::touch(tx, number)?;
    one(tx, tenant, &person.name)
}

pub(crate) fn update(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
    change: &PersonChange,
    version: Option<u64>,
    now: Timestamp,
) -> Result<StoredPerson> {
    let before = current(tx, tenant, name, version)?.person;
    let number = tenants::number(tx, tenant)?;
    let sql = "UPDATE persons SET email = ?3, scopes = ?4, standing = ?5, updated = ?6,
            version = version + 1 WHERE tenant = ?1 AND name = ?2";
    let email = change.email.clone().unwrap_or(before.email);
    let scopes = change.scopes.clone().unwrap_or(before.scopes).to_string();
    let standing = match change.standing.unwrap_or(before.standing) {
        Standing::Active => None,
        standing => Some(standing.as_str()),
    };
    let values = params![number, name.as_str(), email, scopes, standing, now.micros()];
    tx.prepare_cached(sql)?.execute(values)?;
    tenants::touch(tx, number)?;
    one(tx, tenant, name)
}

pub(crate) fn remove(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
    version: Option<u64>,
) -> Result<()> {
    current(tx, tenant, name, version)?;
    let number = tenants::number(tx, tenant)?;
    let sql = "DELETE FROM persons WHERE tenant = ?1 AND name = ?2";
    tx.prepare_cached(sql)?.execute(params![number, name.as_str()])?;
    tenants::touch(tx, number)
}

fn current(
    tx: &Connection,
    tenant: &TenantId,
    name: &UserName,
    version: Option<u64>,
) -> Result<StoredPerson> {
    let stored = one(tx, tenant, name)?;
    match version {
        Some(version) if version != stored.version => {
            Err(StoreError::Stale { current: stored.version })
        }
        _ => Ok(stored),
    }
}
