//! Sealed values in SQL.

use model::{DataSubject, TenantId, UserName};
use rusqlite::{Connection, params};

use super::{columns, tenants};
use crate::{KeptValue, Result};

pub(crate) fn add(tx: &Connection, tenant: &TenantId, values: &[KeptValue]) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let sql = "INSERT INTO kept_values (tenant, id, agent, person, sealed)
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let mut statement = tx.prepare_cached(sql)?;
    for KeptValue { id, agent, person, sealed } in values {
        let person = person.as_ref().map(UserName::as_str);
        statement.execute(params![number, id, agent.as_str(), person, sealed])?;
    }
    Ok(())
}

pub(crate) fn reseal(tx: &Connection, tenant: &TenantId, values: &[KeptValue]) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let sql = "UPDATE kept_values SET sealed = ?3 WHERE tenant = ?1 AND id = ?2";
    let mut statement = tx.prepare_cached(sql)?;
    for KeptValue { id, sealed, .. } in values {
        statement.execute(params![number, id, sealed])?;
    }
    Ok(())
}

pub(crate) fn forget(tx: &Connection, tenant: &TenantId, of: &DataSubject) -> Result<u64> {
    let number = tenants::number(tx, tenant)?;
    // Overwritten first: a row that is only deleted stays in its page.
    let (overwrite, delete) = match of {
        DataSubject::Agent(_) => (
            "UPDATE kept_values SET sealed = zeroblob(length(sealed)) WHERE tenant = ?1 AND agent = ?2",
            "DELETE FROM kept_values WHERE tenant = ?1 AND agent = ?2",
        ),
        DataSubject::Person(_) => (
            "UPDATE kept_values SET sealed = zeroblob(length(sealed)) WHERE tenant = ?1 AND person = ?2",
            "DELETE FROM kept_values WHERE tenant = ?1 AND person = ?2",
        ),
    };
    tx.prepare_cached(overwrite)?.execute(params![number, of.name()])?;
    Ok(tx.prepare_cached(delete)?.execute(params![number, of.name()])? as u64)
}

pub(crate) fn all(tx: &Connection, tenant: &TenantId) -> Result<Vec<KeptValue>> {
    let number = tenants::number(tx, tenant)?;
    let sql = "SELECT id, agent, person, sealed FROM kept_values WHERE tenant = ?1 ORDER BY id";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        values.push(KeptValue {
            id: row.get(0)?,
            agent: columns::name(row, 1)?,
            person: row.get::<_, Option<String>>(2)?.map(columns::parse_name).transpose()?,
            sealed: row.get(3)?,
        });
    }
    Ok(values)
}
