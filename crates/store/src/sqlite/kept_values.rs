//! Sealed values in SQL.

use model::TenantId;
use rusqlite::{Connection, params};

use super::{columns, tenants};
use crate::{KeptValue, Result};

pub(crate) fn add(tx: &Connection, tenant: &TenantId, values: &[KeptValue]) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let sql = "INSERT INTO kept_values (tenant, id, agent, sealed) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO NOTHING";
    let mut statement = tx.prepare_cached(sql)?;
    for KeptValue { id, agent, sealed } in values {
        statement.execute(params![number, id, agent.as_str(), sealed])?;
    }
    Ok(())
}

pub(crate) fn all(tx: &Connection, tenant: &TenantId) -> Result<Vec<KeptValue>> {
    let number = tenants::number(tx, tenant)?;
    let sql = "SELECT id, agent, sealed FROM kept_values WHERE tenant = ?1 ORDER BY id";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        values.push(KeptValue {
            id: row.get(0)?,
            agent: columns::name(row, 1)?,
            sealed: row.get(2)?,
        });
    }
    Ok(values)
}
