//! Containments in SQL.

use model::{AgentName, Containment, Standing, Subject, TenantId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{agents, columns, tenants};
use crate::{MAX_CONTROL_ROWS, Result, StoreError, StoredAgent, StoredContainment};

const SELECT: &str =
    "SELECT type, name, standing, reason, who, since FROM containments WHERE tenant = ?1";

/// `everything` has no name.
fn key_of(subject: &Subject) -> (&'static str, &str) {
    match subject {
        Subject::Agent(name) => ("agent", name.as_str()),
        Subject::Provider(name) => ("provider", name.as_str()),
        Subject::Server(name) => ("server", name.as_str()),
        Subject::Everything => ("everything", ""),
    }
}

fn subject(row: &Row<'_>) -> Result<Subject> {
    match row.get_ref(0)?.as_str() {
        Ok("agent") => Ok(Subject::Agent(columns::name(row, 1)?)),
        Ok("provider") => Ok(Subject::Provider(columns::name(row, 1)?)),
        Ok("server") => Ok(Subject::Server(columns::name(row, 1)?)),
        Ok("everything") => Ok(Subject::Everything),
        _ => Err(StoreError::Corrupt("containment")),
    }
}

fn from_row(tenant: &TenantId, row: &Row<'_>) -> Result<StoredContainment> {
    let containment = Containment {
        tenant: tenant.clone(),
        subject: subject(row)?,
        standing: columns::standing(row, 2)?,
        reason: row.get(3)?,
    };
    Ok(StoredContainment { containment, who: row.get(4)?, since: columns::time(row, 5)? })
}

pub(crate) fn list(tx: &Connection, tenant: &TenantId) -> Result<Vec<StoredContainment>> {
    let number = tenants::number(tx, tenant)?;
    let mut statement = tx.prepare_cached(&format!("{SELECT} ORDER BY type, name"))?;
    let mut rows = statement.query([number])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(from_row(tenant, row)?);
    }
    Ok(all)
}

pub(crate) fn one(
    tx: &Connection,
    tenant: &TenantId,
    subject: &Subject,
) -> Result<Option<StoredContainment>> {
    let number = tenants::number(tx, tenant)?;
    let (kind, name) = key_of(subject);
    let mut statement = tx.prepare_cached(&format!("{SELECT} AND type = ?2 AND name = ?3"))?;
    let mut rows = statement.query(params![number, kind, name])?;
    rows.next()?.map(|row| from_row(tenant, row)).transpose()
}

pub(crate) fn set(tx: &Connection, stored: StoredContainment) -> Result<StoredContainment> {
    let Containment { tenant, subject, standing, reason } = &stored.containment;
    let before = one(tx, tenant, subject)?.map(|stored| stored.containment.standing);
    refuse_weaker(before, *standing)?;
    let number = tenants::number(tx, tenant)?;
    if before.is_none() {
        tenants::check_room(tx, number, ("containments", "containments"), MAX_CONTROL_ROWS)?;
    }
    let (kind, name) = key_of(subject);
    let sql = "INSERT INTO containments (tenant, type, name, standing, reason, who, since)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT DO UPDATE SET standing = ?4, reason = ?5, who = ?6, since = ?7";
    let since = stored.since.micros();
    let values = params![number, kind, name, standing.as_str(), reason, stored.who, since];
    tx.prepare_cached(sql)?.execute(values)?;
    changed(tx, number, subject, stored.since)?;
    Ok(stored)
}

fn refuse_weaker(before: Option<Standing>, standing: Standing) -> Result<()> {
    match (before, standing) {
        (_, Standing::Active) => {
            Err(StoreError::Invalid("a containment suspends or quarantines; release it instead"))
        }
        (Some(Standing::Quarantined), Standing::Suspended) => Err(StoreError::Quarantined),
        _ => Ok(()),
    }
}

pub(crate) fn clear(
    tx: &Connection,
    tenant: &TenantId,
    subject: &Subject,
    now: Timestamp,
) -> Result<StoredContainment> {
    let (kind, name) = key_of(subject);
    let ended = one(tx, tenant, subject)?;
    let ended =
        ended.ok_or_else(|| StoreError::not_found("containment of", kind_and(kind, name)))?;
    let number = tenants::number(tx, tenant)?;
    let sql = "DELETE FROM containments WHERE tenant = ?1 AND type = ?2 AND name = ?3";
    tx.prepare_cached(sql)?.execute(params![number, kind, name])?;
    changed(tx, number, subject, now)?;
    Ok(ended)
}

fn kind_and(kind: &str, name: &str) -> String {
    if name.is_empty() { kind.to_owned() } else { format!("{kind} {name}") }
}

fn changed(tx: &Connection, tenant: i64, subject: &Subject, now: Timestamp) -> Result<()> {
    if let Subject::Agent(name) = subject {
        agents::bump(tx, tenant, name.as_str(), now)?;
    }
    tenants::touch(tx, tenant)
}

pub(crate) fn set_standing(
    tx: &Connection,
    agent: &AgentName,
    stored: StoredContainment,
) -> Result<StoredAgent> {
    let Containment { tenant, subject, standing, .. } = stored.containment.clone();
    let before = agents::one(tx, &tenant, agent)?;
    match (standing, before.agent.standing) {
        (Standing::Active, Standing::Active) => return Ok(before),
        (Standing::Active, _) => drop(clear(tx, &tenant, &subject, stored.since)?),
        _ => drop(set(tx, stored)?),
    }
    agents::one(tx, &tenant, agent)
}
