//! Tools in SQL.

use model::{ServerName, TenantId};
use rusqlite::{Connection, Row, params};

use super::{columns, tenants};
use crate::tools::MAX_TOOLS;
use crate::{Result, StoreError, StoredOffer, StoredTool};

const SELECT: &str =
    "SELECT server, name, revision, accepted, offered, why, findings, agent, differs,
    rejected, who, changed FROM tools WHERE tenant = ?1";

fn from_row(row: &Row<'_>) -> Result<StoredTool> {
    let offered: Option<String> = row.get(4)?;
    Ok(StoredTool {
        server: columns::name(row, 0)?,
        name: row.get(1)?,
        revision: columns::count(row, 2)?,
        accepted: row.get(3)?,
        offered: offered.map(|description| offer(row, description)).transpose()?,
        who: row.get(10)?,
        changed: columns::time(row, 11)?,
    })
}

fn offer(row: &Row<'_>, description: String) -> Result<StoredOffer> {
    let findings: String = row.get(6)?;
    let agent: Option<String> = row.get(7)?;
    Ok(StoredOffer {
        description,
        why: row.get(5)?,
        findings: serde_json::from_str(&findings).map_err(|_| StoreError::Corrupt("tool"))?,
        agent: agent.map(columns::parse_name).transpose()?,
        differs: row.get(8)?,
        rejected: row.get(9)?,
    })
}

pub(crate) fn list(tx: &Connection, tenant: &TenantId) -> Result<Vec<StoredTool>> {
    let number = tenants::number(tx, tenant)?;
    let mut statement = tx.prepare_cached(&format!("{SELECT} ORDER BY server, name"))?;
    let mut rows = statement.query([number])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(from_row(row)?);
    }
    Ok(all)
}

fn find(
    tx: &Connection,
    tenant: i64,
    server: &ServerName,
    name: &str,
) -> Result<Option<StoredTool>> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} AND server = ?2 AND name = ?3"))?;
    let mut rows = statement.query(params![tenant, server.as_str(), name])?;
    rows.next()?.map(from_row).transpose()
}

pub(crate) fn one(
    tx: &Connection,
    tenant: &TenantId,
    server: &ServerName,
    name: &str,
) -> Result<StoredTool> {
    let found = find(tx, tenants::number(tx, tenant)?, server, name)?;
    found.ok_or_else(|| StoreError::not_found("tool", format!("{server}/{name}")))
}

pub(crate) fn write(tx: &Connection, tenant: &TenantId, tool: StoredTool) -> Result<StoredTool> {
    let number = tenants::number(tx, tenant)?;
    let before = find(tx, number, &tool.server, &tool.name)?;
    match before {
        Some(before) if before.revision + 1 != tool.revision => return Ok(before),
        Some(_) => {}
        None => {
            tenants::check_room(tx, number, ("tools", "tools"), MAX_TOOLS)?;
        }
    }
    let offer = tool.offered.as_ref();
    let findings = offer.map_or(&[][..], |offer| &offer.findings);
    let findings = serde_json::to_string(findings).map_err(|_| StoreError::Corrupt("tool"))?;
    let sql = "INSERT INTO tools (tenant, server, name, revision, accepted, offered, why, findings,
            agent, differs, rejected, who, changed)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        ON CONFLICT DO UPDATE SET revision = ?4, accepted = ?5, offered = ?6, why = ?7,
            findings = ?8, agent = ?9, differs = ?10, rejected = ?11, who = ?12, changed = ?13";
    tx.prepare_cached(sql)?.execute(params![
        number,
        tool.server.as_str(),
        tool.name,
        columns::signed(tool.revision),
        tool.accepted,
        offer.map(|offer| &offer.description),
        offer.map(|offer| &offer.why),
        findings,
        offer.and_then(|offer| offer.agent.as_ref()).map(model::AgentName::as_str),
        offer.is_some_and(|offer| offer.differs),
        offer.is_some_and(|offer| offer.rejected),
        tool.who,
        tool.changed.micros(),
    ])?;
    tenants::touch(tx, number)?;
    Ok(tool)
}
