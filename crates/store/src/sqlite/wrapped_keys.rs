//! Wrapped keys in SQL.

use model::{DataSubject, Month, TenantId};
use rusqlite::{Connection, Row, params};

use super::columns;
use crate::{KeyFilter, KeyId, KeyUse, MAX_KEYS, Result, StoreError, WrappedKey};

const SELECT: &str =
    "SELECT id, level, subject, month, wrapped, wrapped_by, created, retired, label FROM keys";

/// A use as it stands in its columns.
struct Columns<'a> {
    level: &'static str,
    subject: Option<String>,
    month: Option<String>,
    label: &'a str,
}

fn columns_of(used_for: &KeyUse) -> Columns<'_> {
    let above = |level| Columns { level, subject: None, month: None, label: "" };
    match used_for {
        KeyUse::Tenant => above("tenant"),
        KeyUse::Vault => above("vault"),
        KeyUse::Data(subject, month, label) => Columns {
            level: "data",
            subject: Some(subject.to_string()),
            month: Some(month.to_string()),
            label,
        },
        KeyUse::Name => above("name"),
        KeyUse::Values(agent, person) => Columns {
            level: "values",
            subject: Some(DataSubject::Agent(agent.clone()).to_string()),
            month: None,
            label: person.as_ref().map_or("", |person| person.as_str()),
        },
    }
}

/// Whose values, of the columns of a subject and a label.
fn owner_of_values(row: &Row<'_>) -> Result<KeyUse> {
    let DataSubject::Agent(agent) = parsed(row, 2)? else {
        return Err(StoreError::Corrupt("key"));
    };
    let person: String = row.get(8)?;
    let person = (!person.is_empty()).then(|| person.parse()).transpose();
    Ok(KeyUse::Values(agent, person.map_err(|_| StoreError::Corrupt("key"))?))
}

fn parsed<T: std::str::FromStr>(row: &Row<'_>, at: usize) -> Result<T> {
    let text = row.get_ref(at)?.as_str().map_err(|_| StoreError::Corrupt("key"))?;
    text.parse().map_err(|_| StoreError::Corrupt("key"))
}

fn subject_and_month(row: &Row<'_>, at: usize) -> Result<(DataSubject, Month)> {
    Ok((parsed(row, at)?, parsed(row, at + 1)?))
}

/// The tenants that have a key, and what wraps it.
pub(crate) fn tenants(tx: &Connection) -> Result<Vec<(TenantId, KeyId)>> {
    let sql = "SELECT tenant, wrapped_by FROM keys WHERE level = 'tenant' AND retired = 0";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut tenants = Vec::new();
    while let Some(row) = rows.next()? {
        tenants.push((columns::name(row, 0)?, row.get(1)?));
    }
    Ok(tenants)
}

fn from_row(row: &Row<'_>) -> Result<WrappedKey> {
    let used_for = match row.get_ref(1)?.as_str() {
        Ok("tenant") => KeyUse::Tenant,
        Ok("vault") => KeyUse::Vault,
        Ok("data") => {
            let (subject, month) = subject_and_month(row, 2)?;
            KeyUse::Data(subject, month, row.get(8)?)
        }
        Ok("name") => KeyUse::Name,
        Ok("values") => owner_of_values(row)?,
        _ => return Err(StoreError::Corrupt("key")),
    };
    Ok(WrappedKey {
        id: row.get(0)?,
        used_for,
        wrapped: row.get(4)?,
        wrapped_by: row.get(5)?,
        created: columns::time(row, 6)?,
        is_retired: row.get(7)?,
    })
}

pub(crate) fn add(tx: &Connection, tenant: &TenantId, key: &WrappedKey) -> Result<()> {
    let count = "SELECT coalesce(sum(rows), 0) FROM key_counts WHERE tenant = ?1";
    let found: i64 = tx.prepare_cached(count)?.query_row([tenant.as_str()], |row| row.get(0))?;
    if columns::unsigned(found)? >= MAX_KEYS {
        return Err(StoreError::Full { what: "keys", limit: MAX_KEYS });
    }
    let sql = "INSERT INTO keys
        (id, tenant, level, subject, month, wrapped, wrapped_by, created, retired, label)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let Columns { level, subject, month, label } = columns_of(&key.used_for);
    let WrappedKey { id, wrapped, wrapped_by, created, is_retired, .. } = key;
    let values = params![
        id,
        tenant.as_str(),
        level,
        subject,
        month,
        wrapped,
        wrapped_by,
        created.micros(),
        is_retired,
        label
    ];
    tx.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub(crate) fn by_id(tx: &Connection, tenant: &TenantId, id: KeyId) -> Result<Option<WrappedKey>> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} WHERE tenant = ?1 AND id = ?2"))?;
    let mut rows = statement.query(params![tenant.as_str(), id])?;
    rows.next()?.map(from_row).transpose()
}

pub(crate) fn current(
    tx: &Connection,
    tenant: &TenantId,
    used_for: &KeyUse,
) -> Result<Option<WrappedKey>> {
    let Columns { level, subject, month, label } = columns_of(used_for);
    let sql = format!(
        "{SELECT} WHERE tenant = ?1 AND level = ?2 AND subject IS ?3 AND month IS ?4
        AND label = ?5 AND retired = 0
        ORDER BY created DESC, id DESC LIMIT 1"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tenant.as_str(), level, subject, month, label])?;
    rows.next()?.map(from_row).transpose()
}

pub(crate) fn of_level(tx: &Connection, tenant: &TenantId, level: &str) -> Result<Vec<WrappedKey>> {
    let sql = format!("{SELECT} WHERE tenant = ?1 AND level = ?2 ORDER BY subject, label, id");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tenant.as_str(), level])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(from_row(row)?);
    }
    Ok(keys)
}

pub(crate) fn all(tx: &Connection, tenant: &TenantId) -> Result<Vec<WrappedKey>> {
    let sql = format!(
        "{SELECT} WHERE tenant = ?1 ORDER BY level <> 'tenant', level = 'data', subject, month, id"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([tenant.as_str()])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(from_row(row)?);
    }
    Ok(keys)
}

/// One that is erased meanwhile stays so.
pub(crate) fn rewrap(tx: &Connection, tenant: &TenantId, key: &WrappedKey) -> Result<()> {
    let sql = "UPDATE keys SET wrapped = ?3, wrapped_by = ?4 WHERE tenant = ?1 AND id = ?2";
    let values = params![tenant.as_str(), key.id, key.wrapped, key.wrapped_by];
    tx.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub(crate) fn remove(tx: &Connection, tenant: &TenantId, id: KeyId) -> Result<()> {
    let sql = "DELETE FROM keys WHERE tenant = ?1 AND id = ?2";
    tx.prepare_cached(sql)?.execute(params![tenant.as_str(), id])?;
    Ok(())
}

pub(crate) fn retire(tx: &Connection, tenant: &TenantId) -> Result<u64> {
    let sql = "UPDATE keys SET retired = 1 WHERE tenant = ?1 AND level = 'data' AND retired = 0";
    Ok(tx.prepare_cached(sql)?.execute([tenant.as_str()])? as u64)
}

pub(crate) fn erase(
    tx: &Connection,
    tenant: &TenantId,
    filter: &KeyFilter,
) -> Result<Vec<(DataSubject, Month)>> {
    let sql = "DELETE FROM keys WHERE tenant = ?1 AND level = 'data'
        AND (?2 IS NULL OR subject = ?2) AND (?3 IS NULL OR month = ?3) RETURNING subject, month";
    let subject = filter.subject.as_ref().map(ToString::to_string);
    let month = filter.month.map(|month| month.to_string());
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenant.as_str(), subject, month])?;
    let mut erased = Vec::new();
    while let Some(row) = rows.next()? {
        erased.push(subject_and_month(row, 0)?);
    }
    erased.sort();
    if let (Some(subject), None) = (&filter.subject, filter.month) {
        erase_values(tx, tenant, subject)?;
    }
    Ok(erased)
}

/// The keys to what an agent sent, or to what was sent for a person.
fn erase_values(tx: &Connection, tenant: &TenantId, of: &DataSubject) -> Result<()> {
    let (sql, whose) = match of {
        DataSubject::Agent(_) => (
            "DELETE FROM keys WHERE tenant = ?1 AND level = 'values' AND subject = ?2",
            of.to_string(),
        ),
        DataSubject::Person(_) => (
            "DELETE FROM keys WHERE tenant = ?1 AND level = 'values' AND label = ?2",
            of.name().to_owned(),
        ),
    };
    tx.prepare_cached(sql)?.execute(params![tenant.as_str(), whose])?;
    Ok(())
}
