//! Agent keys in SQL.

use model::{AgentName, KeyHash, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{agents, columns, tenants};
use crate::{MAX_KEYS_PER_AGENT, NewKey, Origin, Result, StoreError, StoredKey};

const SELECT: &str = "SELECT hash, label, origin, created, expires FROM agent_keys";

fn from_row(row: &Row<'_>) -> Result<StoredKey> {
    Ok(StoredKey {
        hash: columns::digest(row, 0)?,
        label: row.get(1)?,
        origin: columns::origin(row, 2)?,
        created: columns::time(row, 3)?,
        expires: columns::optional_time(row, 4)?,
    })
}

/// Adds a key to an agent's row, after clearing its expired ones away.
pub(super) fn insert(
    tx: &Connection,
    agent: i64,
    key: &NewKey,
    origin: Origin,
    now: Timestamp,
) -> Result<StoredKey> {
    let clear = "DELETE FROM agent_keys WHERE agent = ?1 AND expires <= ?2";
    tx.prepare_cached(clear)?.execute(params![agent, now.micros()])?;
    let count = "SELECT count(*) FROM agent_keys WHERE agent = ?1";
    tenants::check_few(tx, count, agent, "keys of one agent", MAX_KEYS_PER_AGENT)?;
    refuse_shared(tx, key.hash)?;
    let sql = "INSERT INTO agent_keys (hash, agent, label, origin, created, expires)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        key.hash.0,
        agent,
        key.label,
        columns::origin_text(origin),
        now.micros(),
        key.expires.map(Timestamp::micros),
    ];
    tx.prepare_cached(sql)?.execute(values)?;
    let (hash, label, expires) = (key.hash, key.label.clone(), key.expires);
    Ok(StoredKey { hash, label, origin, created: now, expires })
}

/// Whose key it is already is told by name: two agents with one configured key is a mistake
/// that its reader must be able to find.
fn refuse_shared(tx: &Connection, hash: KeyHash) -> Result<()> {
    match owner_of(tx, hash)? {
        Some(agent) => {
            let owner = agents::name_of(tx, agent)?.unwrap_or_default();
            Err(StoreError::exists("key of agent", owner))
        }
        None => Ok(()),
    }
}

pub(super) fn owner_of(tx: &Connection, hash: KeyHash) -> Result<Option<i64>> {
    let sql = "SELECT agent FROM agent_keys WHERE hash = ?1";
    Ok(tx.prepare_cached(sql)?.query_row([hash.0], |row| row.get(0)).optional()?)
}

pub(crate) fn add_one(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
    key: &NewKey,
    now: Timestamp,
) -> Result<StoredKey> {
    let number = tenants::number(tx, tenant)?;
    let (id, ..) = agents::require(tx, number, agent)?;
    let stored = insert(tx, id, key, Origin::Api, now)?;
    agents::bump(tx, number, agent.as_str(), now)?;
    tenants::touch(tx, number)?;
    Ok(stored)
}

pub(crate) fn list_of(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
) -> Result<Vec<StoredKey>> {
    let number = tenants::number(tx, tenant)?;
    let (id, ..) = agents::require(tx, number, agent)?;
    of_agent(tx, id)
}

pub(super) fn of_agent(tx: &Connection, agent: i64) -> Result<Vec<StoredKey>> {
    let sql = format!("{SELECT} WHERE agent = ?1 ORDER BY created, hash");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([agent])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(from_row(row)?);
    }
    Ok(keys)
}

pub(crate) fn rotate(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
    key: &NewKey,
    old_until: Timestamp,
    now: Timestamp,
) -> Result<Vec<StoredKey>> {
    let number = tenants::number(tx, tenant)?;
    let (id, ..) = agents::require(tx, number, agent)?;
    if of_agent(tx, id)?.iter().any(|old| old.origin == Origin::Config) {
        return Err(StoreError::declared("a key of agent", agent));
    }
    let sql = "UPDATE agent_keys SET expires = min(coalesce(expires, ?2), ?2) WHERE agent = ?1";
    tx.prepare_cached(sql)?.execute(params![id, old_until.micros()])?;
    insert(tx, id, key, Origin::Api, now)?;
    agents::bump(tx, number, agent.as_str(), now)?;
    tenants::touch(tx, number)?;
    of_agent(tx, id)
}

pub(crate) fn expire(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
    hash: KeyHash,
    expires: Timestamp,
) -> Result<()> {
    let (number, id) = require_own(tx, tenant, agent, hash)?;
    let sql = "UPDATE agent_keys SET expires = ?3 WHERE hash = ?1 AND agent = ?2";
    tx.prepare_cached(sql)?.execute(params![hash.0, id, expires.micros()])?;
    tenants::touch(tx, number)
}

pub(crate) fn delete(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
    hash: KeyHash,
) -> Result<()> {
    let (number, id) = require_own(tx, tenant, agent, hash)?;
    let sql = "DELETE FROM agent_keys WHERE hash = ?1 AND agent = ?2";
    tx.prepare_cached(sql)?.execute(params![hash.0, id])?;
    tenants::touch(tx, number)
}

/// The tenant's and the agent's numbers, where the key is this agent's and not declared.
fn require_own(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
    hash: KeyHash,
) -> Result<(i64, i64)> {
    let number = tenants::number(tx, tenant)?;
    let (id, ..) = agents::require(tx, number, agent)?;
    let key = of_agent(tx, id)?.into_iter().find(|key| key.hash == hash);
    match key.ok_or_else(|| StoreError::not_found("key", hash))?.origin {
        Origin::Api => Ok((number, id)),
        Origin::Config => Err(StoreError::declared("a key of agent", agent)),
    }
}
