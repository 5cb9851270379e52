//! Agents in SQL.

use model::{Agent, AgentName, Standing, TenantId, Tier, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{columns, keys, tenants};
use crate::{AgentChange, MAX_AGENTS, NewAgent, NewKey, Origin, Result, StoreError, StoredAgent};

/// An agent's standing is the containment of its name.
const SELECT: &str = "
    SELECT agents.name, owner, purpose, roles, zone, origin, created, updated, version, standing, tier
    FROM agents
    LEFT JOIN containments AS held
        ON held.tenant = agents.tenant AND held.type = 'agent' AND held.name = agents.name";

fn from_row(tenant: &TenantId, row: &Row<'_>) -> Result<StoredAgent> {
    let agent = Agent {
        tenant: tenant.clone(),
        name: columns::name(row, 0)?,
        owner: row.get(1)?,
        purpose: row.get(2)?,
        roles: columns::roles(row, 3)?,
        zone: columns::name(row, 4)?,
        standing: columns::standing(row, 9)?,
        tier: columns::tier(row, 10)?,
    };
    Ok(StoredAgent {
        agent,
        origin: columns::origin(row, 5)?,
        created: columns::time(row, 6)?,
        updated: columns::time(row, 7)?,
        version: columns::count(row, 8)?,
    })
}

pub(crate) fn one(tx: &Connection, tenant: &TenantId, name: &AgentName) -> Result<StoredAgent> {
    let number = tenants::number(tx, tenant)?;
    let sql = format!("{SELECT} WHERE agents.tenant = ?1 AND agents.name = ?2");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params![number, name.as_str()])?;
    let row = rows.next()?.ok_or_else(|| StoreError::not_found("agent", name))?;
    from_row(tenant, row)
}

pub(crate) fn list(
    tx: &Connection,
    tenant: &TenantId,
    standing: Option<Standing>,
    after: Option<&AgentName>,
    limit: usize,
) -> Result<Vec<StoredAgent>> {
    let number = tenants::number(tx, tenant)?;
    let sql = format!(
        "{SELECT} WHERE agents.tenant = ?1 AND agents.name > ?2
            AND (?3 IS NULL OR coalesce(standing, 'active') = ?3)
         ORDER BY agents.name LIMIT ?4"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let after = after.map_or("", AgentName::as_str);
    let limit = columns::signed(limit as u64);
    let mut rows =
        statement.query(params![number, after, standing.map(Standing::as_str), limit])?;
    let mut agents = Vec::new();
    while let Some(row) = rows.next()? {
        agents.push(from_row(tenant, row)?);
    }
    Ok(agents)
}

/// An agent's row number, where it comes from, and its version.
pub(super) fn locate(
    tx: &Connection,
    tenant: i64,
    name: &AgentName,
) -> Result<Option<(i64, Origin, u64)>> {
    let sql = "SELECT id, origin, version FROM agents WHERE tenant = ?1 AND name = ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenant, name.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((row.get(0)?, columns::origin(row, 1)?, columns::count(row, 2)?)))
}

pub(super) fn require(
    tx: &Connection,
    tenant: i64,
    name: &AgentName,
) -> Result<(i64, Origin, u64)> {
    locate(tx, tenant, name)?.ok_or_else(|| StoreError::not_found("agent", name))
}

pub(crate) fn add(
    tx: &Connection,
    tenant: &TenantId,
    agent: &NewAgent,
    key: Option<&NewKey>,
    now: Timestamp,
) -> Result<StoredAgent> {
    let number = tenants::number(tx, tenant)?;
    if locate(tx, number, &agent.name)?.is_some() {
        return Err(StoreError::exists("agent", &agent.name));
    }
    tenants::check_room(tx, number, ("agents", "agents"), MAX_AGENTS)?;
    let id = insert(tx, number, agent, Origin::Api, now)?;
    if let Some(key) = key {
        keys::insert(tx, id, key, Origin::Api, now)?;
    }
    tenants::touch(tx, number)?;
    one(tx, tenant, &agent.name)
}

pub(super) fn insert(
    tx: &Connection,
    tenant: i64,
    agent: &NewAgent,
    origin: Origin,
    now: Timestamp,
) -> Result<i64> {
    let sql = "INSERT INTO agents
            (tenant, name, owner, purpose, roles, zone, origin, created, updated, tier)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9) RETURNING id";
    let values = params![
        tenant,
        agent.name.as_str(),
        agent.owner,
        agent.purpose,
        columns::roles_text(&agent.roles)?,
        agent.zone.as_str(),
        columns::origin_text(origin),
        now.micros(),
        agent.tier.map(Tier::as_str),
    ];
    Ok(tx.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
}

pub(crate) fn update(
    tx: &Connection,
    tenant: &TenantId,
    name: &AgentName,
    change: &AgentChange,
    version: Option<u64>,
    now: Timestamp,
) -> Result<StoredAgent> {
    let number = tenants::number(tx, tenant)?;
    let id = require_changeable(tx, number, name, version)?;
    let before = one(tx, tenant, name)?.agent;
    let after = NewAgent {
        name: before.name,
        owner: change.owner.clone().unwrap_or(before.owner),
        purpose: change.purpose.clone().unwrap_or(before.purpose),
        roles: change.roles.clone().unwrap_or(before.roles),
        zone: change.zone.clone().unwrap_or(before.zone),
        tier: change.tier.unwrap_or(before.tier),
    };
    write(tx, id, &after, Origin::Api, now)?;
    tenants::touch(tx, number)?;
    one(tx, tenant, name)
}

/// Writes every field of an agent that is there.
pub(super) fn write(
    tx: &Connection,
    id: i64,
    agent: &NewAgent,
    origin: Origin,
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE agents SET owner = ?2, purpose = ?3, roles = ?4, zone = ?5, origin = ?6,
            updated = ?7, tier = ?8, version = version + 1 WHERE id = ?1";
    let values = params![
        id,
        agent.owner,
        agent.purpose,
        columns::roles_text(&agent.roles)?,
        agent.zone.as_str(),
        columns::origin_text(origin),
        now.micros(),
        agent.tier.map(Tier::as_str),
    ];
    tx.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub(crate) fn remove(
    tx: &Connection,
    tenant: &TenantId,
    name: &AgentName,
    version: Option<u64>,
) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let id = require_changeable(tx, number, name, version)?;
    delete(tx, id)?;
    tenants::touch(tx, number)
}

/// Its keys go with it, by the foreign key.
pub(super) fn delete(tx: &Connection, id: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM agents WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn require_changeable(
    tx: &Connection,
    tenant: i64,
    name: &AgentName,
    version: Option<u64>,
) -> Result<i64> {
    let (id, origin, current) = require(tx, tenant, name)?;
    if origin == Origin::Config {
        return Err(StoreError::declared("agent", name));
    }
    if version.is_some_and(|version| version != current) {
        return Err(StoreError::Stale { current });
    }
    Ok(id)
}

/// Says that something about an agent changed: its standing or its keys.
pub(super) fn bump(tx: &Connection, tenant: i64, name: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE agents SET updated = ?3, version = version + 1
        WHERE tenant = ?1 AND name = ?2";
    tx.prepare_cached(sql)?.execute(params![tenant, name, now.micros()])?;
    Ok(())
}

/// The name of the agent in a row.
pub(super) fn name_of(tx: &Connection, id: i64) -> Result<Option<String>> {
    let sql = "SELECT name FROM agents WHERE id = ?1";
    Ok(tx.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?)
}
