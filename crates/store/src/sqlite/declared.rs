//! Agents that the configuration declares: for them it is the truth, here is only its image.

use std::collections::BTreeSet;

use model::{AgentName, Digest, TenantId, Tier, Timestamp};
use rusqlite::{Connection, params};

use super::{agents, columns, keys, tenants};
use crate::{Declared, DeclaredAgent, MAX_AGENTS, NewKey, Origin, Result, StoreError, StoredAgent};

/// The label of a key that the configuration names.
const LABEL: &str = "configuration";

pub(crate) fn declare(
    tx: &Connection,
    tenant: &TenantId,
    declared: &[DeclaredAgent],
    now: Timestamp,
) -> Result<Declared> {
    if declared.len() as u64 > MAX_AGENTS {
        return Err(StoreError::Full { what: "declared agents", limit: MAX_AGENTS });
    }
    tenants::add(tx, tenant)?;
    let number = tenants::number(tx, tenant)?;
    let mut outcome = Declared::default();
    // What is declared changes by declaring alone, so the same declaration changes nothing.
    let digest = digest(declared);
    if last(tx, number)? == Some(digest) {
        return Ok(outcome);
    }
    remove_vanished(tx, number, declared, &mut outcome)?;
    // All declared keys go first, so that a key may move from one declared agent to another.
    let changed_keys = remove_changed_keys(tx, number, declared)?;
    for one in declared {
        let keys_changed = changed_keys.contains(&one.agent.name);
        declare_one(tx, tenant, number, one, keys_changed, now, &mut outcome)?;
    }
    if outcome != Declared::default() {
        tenants::touch(tx, number)?;
    }
    let sql = "UPDATE tenants SET declared = ?2 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![number, digest.0])?;
    Ok(outcome)
}

fn last(tx: &Connection, tenant: i64) -> Result<Option<Digest>> {
    let sql = "SELECT declared FROM tenants WHERE id = ?1";
    let found: Option<[u8; 32]> = tx.prepare_cached(sql)?.query_row([tenant], |row| row.get(0))?;
    Ok(found.map(Digest))
}

/// Over every field of every declared agent, in the order given.
fn digest(declared: &[DeclaredAgent]) -> Digest {
    let mut bytes = Vec::new();
    let mut field = |text: &[u8]| {
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text);
    };
    for DeclaredAgent { agent, keys } in declared {
        field(agent.name.as_str().as_bytes());
        for text in [&agent.owner, &agent.purpose] {
            // Absent is not empty.
            field(if text.is_some() { b"+" } else { b"-" });
            field(text.as_deref().unwrap_or_default().as_bytes());
        }
        field(agent.zone.as_str().as_bytes());
        field(agent.tier.map_or("", Tier::as_str).as_bytes());
        field(&(agent.roles.len() as u64).to_le_bytes());
        agent.roles.iter().for_each(|role| field(role.as_str().as_bytes()));
        field(&(keys.len() as u64).to_le_bytes());
        keys.iter().for_each(|key| field(&key.0));
    }
    Digest::of(&bytes)
}

fn remove_vanished(
    tx: &Connection,
    tenant: i64,
    declared: &[DeclaredAgent],
    outcome: &mut Declared,
) -> Result<()> {
    let names: BTreeSet<&str> = declared.iter().map(|one| one.agent.name.as_str()).collect();
    if names.len() != declared.len() {
        return Err(StoreError::Invalid("two declared agents have one name; give each its own"));
    }
    for (id, name) in declared_before(tx, tenant)? {
        if !names.contains(name.as_str()) {
            agents::delete(tx, id)?;
            outcome.removed.push(name);
        }
    }
    Ok(())
}

fn declared_before(tx: &Connection, tenant: i64) -> Result<Vec<(i64, AgentName)>> {
    let sql = "SELECT id, name FROM agents WHERE tenant = ?1 AND origin = 'config' ORDER BY name";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([tenant])?;
    let mut before = Vec::new();
    while let Some(row) = rows.next()? {
        before.push((row.get(0)?, columns::name(row, 1)?));
    }
    Ok(before)
}

fn remove_changed_keys(
    tx: &Connection,
    tenant: i64,
    declared: &[DeclaredAgent],
) -> Result<BTreeSet<AgentName>> {
    let mut changed = BTreeSet::new();
    for one in declared {
        let Some((id, ..)) = agents::locate(tx, tenant, &one.agent.name)? else { continue };
        let stored = keys::of_agent(tx, id)?;
        let before: BTreeSet<_> =
            stored.iter().filter(|key| key.origin == Origin::Config).map(|key| key.hash).collect();
        if before != one.keys.iter().copied().collect() {
            let sql = "DELETE FROM agent_keys WHERE agent = ?1 AND origin = 'config'";
            tx.prepare_cached(sql)?.execute([id])?;
            changed.insert(one.agent.name.clone());
        }
    }
    Ok(changed)
}

fn declare_one(
    tx: &Connection,
    tenant: &TenantId,
    number: i64,
    one: &DeclaredAgent,
    keys_changed: bool,
    now: Timestamp,
    outcome: &mut Declared,
) -> Result<()> {
    let name = &one.agent.name;
    let Some((id, ..)) = agents::locate(tx, number, name)? else {
        let id = agents::insert(tx, number, &one.agent, Origin::Config, now)?;
        outcome.added.push(name.clone());
        return insert_keys(tx, id, one, now);
    };
    if keys_changed {
        insert_keys(tx, id, one, now)?;
    }
    if keys_changed || differs(&agents::one(tx, tenant, name)?, one) {
        agents::write(tx, id, &one.agent, Origin::Config, now)?;
        outcome.changed.push(name.clone());
    }
    Ok(())
}

fn differs(stored: &StoredAgent, declared: &DeclaredAgent) -> bool {
    let (old, new) = (&stored.agent, &declared.agent);
    stored.origin != Origin::Config
        || old.owner != new.owner
        || old.purpose != new.purpose
        || old.roles != new.roles
        || old.zone != new.zone
        || old.tier != new.tier
}

fn insert_keys(tx: &Connection, agent: i64, one: &DeclaredAgent, now: Timestamp) -> Result<()> {
    let hashes: BTreeSet<_> = one.keys.iter().copied().collect();
    for hash in hashes {
        // A key that the API made and the configuration now names becomes the configuration's.
        if keys::owner_of(tx, hash)? == Some(agent) {
            tx.prepare_cached("DELETE FROM agent_keys WHERE hash = ?1")?.execute([hash.0])?;
        }
        let key = NewKey { hash, label: LABEL.to_owned(), expires: None };
        keys::insert(tx, agent, &key, Origin::Config, now)?;
    }
    Ok(())
}
