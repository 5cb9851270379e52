//! Legal holds in SQL.

use model::TenantId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{columns, tenants};
use crate::{Hold, MAX_CONTROL_ROWS, Result, StoreError};

fn from_row(row: &Row<'_>) -> Result<Hold> {
    let subject: Option<String> = row.get(1)?;
    let subject = subject.map(|text| text.parse()).transpose();
    Ok(Hold {
        name: row.get(0)?,
        subject: subject.map_err(|_| StoreError::Corrupt("hold"))?,
        reason: row.get(2)?,
        who: row.get(3)?,
        created: columns::time(row, 4)?,
    })
}

pub(crate) fn add(tx: &Connection, tenant: &TenantId, hold: &Hold) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    tenants::check_room(tx, number, ("holds", "holds"), MAX_CONTROL_ROWS)?;
    let known = "SELECT 1 FROM holds WHERE tenant = ?1 AND name = ?2";
    let values = params![number, hold.name];
    if tx.prepare_cached(known)?.query_row(values, |_| Ok(())).optional()?.is_some() {
        return Err(StoreError::exists("hold", &hold.name));
    }
    let sql = "INSERT INTO holds (tenant, name, subject, reason, who, created)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let subject = hold.subject.as_ref().map(ToString::to_string);
    let values = params![number, hold.name, subject, hold.reason, hold.who, hold.created.micros()];
    tx.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub(crate) fn list(tx: &Connection, tenant: &TenantId) -> Result<Vec<Hold>> {
    let number = tenants::number(tx, tenant)?;
    let sql =
        "SELECT name, subject, reason, who, created FROM holds WHERE tenant = ?1 ORDER BY name";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    let mut holds = Vec::new();
    while let Some(row) = rows.next()? {
        holds.push(from_row(row)?);
    }
    Ok(holds)
}

pub(crate) fn remove(tx: &Connection, tenant: &TenantId, name: &str) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let sql = "DELETE FROM holds WHERE tenant = ?1 AND name = ?2";
    match tx.prepare_cached(sql)?.execute(params![number, name])? {
        0 => Err(StoreError::not_found("hold", name)),
        _ => Ok(()),
    }
}
