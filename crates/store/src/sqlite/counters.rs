//! Usage counters in SQL.

use model::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{columns, index, tenants};
use crate::{Counter, Result};

pub(crate) fn load(tx: &Connection, tenant: &TenantId, log: &str) -> Result<(Vec<Counter>, u64)> {
    let number = tenants::number(tx, tenant)?;
    let sql = "SELECT counted FROM logs WHERE tenant = ?1 AND name = ?2";
    let counted: Option<i64> =
        tx.prepare_cached(sql)?.query_row(params![number, log], |row| row.get(0)).optional()?;
    let sql = "SELECT key, start, value FROM counters WHERE tenant = ?1 ORDER BY key, start";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    let mut counters = Vec::new();
    while let Some(row) = rows.next()? {
        let (key, start) = (row.get(0)?, columns::time(row, 1)?);
        counters.push(Counter { key, start, value: columns::count(row, 2)? });
    }
    Ok((counters, columns::unsigned(counted.unwrap_or(0))?))
}

pub(crate) fn save(
    tx: &Connection,
    tenant: &TenantId,
    log: &str,
    counters: &[Counter],
    position: u64,
) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let log = index::log_number(tx, number, log)?;
    write(tx, number, log, counters, position)
}

/// Counters of a position that was counted before are old news, and change nothing.
pub(super) fn write(
    tx: &Connection,
    tenant: i64,
    log: i64,
    counters: &[Counter],
    position: u64,
) -> Result<()> {
    let moved = "UPDATE logs SET counted = ?2 WHERE id = ?1 AND counted < ?2";
    let position = columns::signed(position);
    if tx.prepare_cached(moved)?.execute(params![log, position])? == 0 {
        return Ok(());
    }
    let sql = "INSERT INTO counters (tenant, key, start, value) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET value = ?4";
    let mut statement = tx.prepare_cached(sql)?;
    for Counter { key, start, value } in counters {
        statement.execute(params![tenant, key, start.micros(), columns::signed(*value)])?;
    }
    Ok(())
}

pub(crate) fn forget(tx: &Connection, tenant: &TenantId, start: Timestamp) -> Result<u64> {
    let number = tenants::number(tx, tenant)?;
    let sql = "DELETE FROM counters WHERE tenant = ?1 AND start < ?2";
    Ok(tx.prepare_cached(sql)?.execute(params![number, start.micros()])? as u64)
}
