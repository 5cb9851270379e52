//! The control state in one read.

use std::collections::HashMap;

use model::{Agent, TenantId};
use rusqlite::Connection;

use super::{agents, columns, containments, credentials, persons, tenants};
use crate::{ControlKey, ControlState, Result, StoreError};

pub(crate) fn load(tx: &Connection, tenant: &TenantId) -> Result<ControlState> {
    let number = tenants::number(tx, tenant)?;
    let sql = "SELECT revision FROM tenants WHERE id = ?1";
    let revision: i64 = tx.prepare_cached(sql)?.query_row([number], |row| row.get(0))?;
    let agents = agents::list(tx, tenant, None, None, usize::MAX)?;
    let agents: Vec<Agent> = agents.into_iter().map(|stored| stored.agent).collect();
    let stored = containments::list(tx, tenant)?;
    let persons = persons::list(tx, tenant, None, usize::MAX)?;
    Ok(ControlState {
        revision: columns::unsigned(revision)?,
        keys: keys(tx, number, &agents)?,
        agents,
        signing_keys: credentials::keys(tx, number)?,
        certificates: credentials::certificates(tx, number)?,
        revoked_certificates: credentials::serials(tx, number)?,
        persons: persons.into_iter().map(|stored| stored.person).collect(),
        containments: stored.into_iter().map(|stored| stored.containment).collect(),
    })
}

fn keys(tx: &Connection, tenant: i64, agents: &[Agent]) -> Result<Vec<ControlKey>> {
    let places: HashMap<&str, usize> =
        agents.iter().enumerate().map(|(at, agent)| (agent.name.as_str(), at)).collect();
    let sql = "SELECT hash, agents.name, expires FROM agents
        JOIN agent_keys ON agent_keys.agent = agents.id WHERE agents.tenant = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([tenant])?;
    let mut keys = Vec::with_capacity(agents.len());
    while let Some(row) = rows.next()? {
        let name = row.get_ref(1)?.as_str().map_err(|_| StoreError::Corrupt("name"))?;
        let agent = *places.get(name).ok_or(StoreError::Corrupt("key"))?;
        let (hash, expires) = (columns::digest(row, 0)?, columns::optional_time(row, 2)?);
        keys.push(ControlKey { hash, agent, expires });
    }
    Ok(keys)
}
