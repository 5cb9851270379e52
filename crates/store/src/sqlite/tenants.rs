//! Tenants, and the revision of each one's control state.

use model::TenantId;
use rusqlite::{Connection, OptionalExtension, params};

use super::columns;
use crate::{Result, StoreError};

pub(crate) fn add(tx: &Connection, tenant: &TenantId) -> Result<()> {
    let sql = "INSERT INTO tenants (name) VALUES (?1) ON CONFLICT (name) DO NOTHING";
    tx.prepare_cached(sql)?.execute([tenant.as_str()])?;
    Ok(())
}

pub(crate) fn list(tx: &Connection) -> Result<Vec<TenantId>> {
    let mut statement = tx.prepare_cached("SELECT name FROM tenants ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut tenants = Vec::new();
    while let Some(row) = rows.next()? {
        tenants.push(columns::name(row, 0)?);
    }
    Ok(tenants)
}

/// The number under which a tenant's rows stand.
pub(super) fn number(tx: &Connection, tenant: &TenantId) -> Result<i64> {
    let sql = "SELECT id FROM tenants WHERE name = ?1";
    let found =
        tx.prepare_cached(sql)?.query_row([tenant.as_str()], |row| row.get(0)).optional()?;
    found.ok_or_else(|| StoreError::not_found("tenant", tenant))
}

/// Says that the control state has changed.
pub(super) fn touch(tx: &Connection, tenant: i64) -> Result<()> {
    let sql = "UPDATE tenants SET revision = revision + 1 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute([tenant])?;
    Ok(())
}

/// In the place of a tenant's number: all of them together.
pub(super) const ALL: i64 = 0;

/// How many rows a tenant has in a table that is counted.
pub(super) fn rows(tx: &Connection, tenant: i64, table: &str) -> Result<usize> {
    let sql = "SELECT rows FROM row_counts WHERE tenant = ?1 AND what = ?2";
    let found =
        tx.prepare_cached(sql)?.query_row(params![tenant, table], |row| row.get(0)).optional()?;
    usize::try_from(found.unwrap_or(0_i64)).map_err(|_| StoreError::Corrupt("number"))
}

/// Refuses what would make one row too many in a table that is counted; `what` says what its rows are.
pub(super) fn check_room(
    tx: &Connection,
    tenant: i64,
    (table, what): (&str, &'static str),
    limit: u64,
) -> Result<()> {
    match rows(tx, tenant, table)? as u64 >= limit {
        true => Err(StoreError::Full { what, limit }),
        false => Ok(()),
    }
}

/// The same of the few that one agent or user has; `sql` counts them.
pub(super) fn check_few(
    tx: &Connection,
    sql: &str,
    of: i64,
    what: &'static str,
    limit: u64,
) -> Result<()> {
    let there: i64 = tx.prepare_cached(sql)?.query_row([of], |row| row.get(0))?;
    if columns::unsigned(there)? >= limit {
        return Err(StoreError::Full { what, limit });
    }
    Ok(())
}
