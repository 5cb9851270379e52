//! Positions of exports in SQL.

use model::TenantId;
use rusqlite::{Connection, OptionalExtension, params};

use super::{columns, index, tenants};
use crate::Result;

pub(crate) fn position(
    tx: &Connection,
    tenant: &TenantId,
    log: &str,
    export: &str,
) -> Result<Option<u64>> {
    let number = tenants::number(tx, tenant)?;
    let sql = "SELECT exports.position FROM exports JOIN logs ON logs.id = exports.log
        WHERE logs.tenant = ?1 AND logs.name = ?2 AND exports.name = ?3";
    let found: Option<i64> = tx
        .prepare_cached(sql)?
        .query_row(params![number, log, export], |row| row.get(0))
        .optional()?;
    found.map(columns::unsigned).transpose()
}

pub(crate) fn save(
    tx: &Connection,
    tenant: &TenantId,
    log: &str,
    export: &str,
    position: u64,
) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let log = index::log_number(tx, number, log)?;
    let sql = "INSERT INTO exports (log, name, position) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET position = ?3";
    tx.prepare_cached(sql)?.execute(params![log, export, columns::signed(position)])?;
    Ok(())
}
