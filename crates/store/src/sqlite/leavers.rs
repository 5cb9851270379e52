//! Somebody leaves, in SQL.

use model::{AgentName, Containment, Standing, Subject, TenantId, Timestamp};
use rusqlite::{Connection, params};

use super::{agents, columns, containments, persons, tenants, users};
use crate::{
    AgentChange, Leaving, Left, Origin, PersonChange, Result, StoreError, StoredAgent,
    StoredContainment, UserChange,
};

/// Why an agent is suspended whose owner left.
const REASON: &str = "its owner left";

pub(crate) fn leave(
    tx: &Connection,
    tenant: &TenantId,
    leaving: &Leaving,
    now: Timestamp,
) -> Result<Left> {
    let change = UserChange { active: Some(false), ..UserChange::default() };
    users::update(tx, tenant, &leaving.user, &change, None, now)?;
    let number = users::number(tx, tenant, &leaving.user)?;
    for sql in
        ["DELETE FROM user_grants WHERE user = ?1", "DELETE FROM admin_tokens WHERE owner = ?1"]
    {
        tx.prepare_cached(sql)?.execute([number])?;
    }
    let change = PersonChange { standing: Some(Standing::Suspended), ..PersonChange::default() };
    match persons::update(tx, tenant, &leaving.user, &change, None, now) {
        Ok(_) | Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let mut left = Left {
        user: users::one(tx, tenant, &leaving.user)?,
        handed_over: Vec::new(),
        suspended: Vec::new(),
    };
    for agent in owned(tx, tenant, leaving.user.as_str())? {
        settle(tx, tenant, leaving, agent, now, &mut left)?;
    }
    Ok(left)
}

/// Nothing is left of who is removed; what they answered for is settled first.
pub(crate) fn remove(
    tx: &Connection,
    tenant: &TenantId,
    leaving: &Leaving,
    version: Option<u64>,
    now: Timestamp,
) -> Result<Left> {
    users::current(tx, tenant, &leaving.user, version)?;
    let left = leave(tx, tenant, leaving, now)?;
    users::remove(tx, tenant, &leaving.user)?;
    Ok(left)
}

fn owned(tx: &Connection, tenant: &TenantId, owner: &str) -> Result<Vec<StoredAgent>> {
    let number = tenants::number(tx, tenant)?;
    let sql = "SELECT name FROM agents WHERE tenant = ?1 AND owner = ?2 ORDER BY name";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![number, owner])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name: AgentName = columns::name(row, 0)?;
        found.push(agents::one(tx, tenant, &name)?);
    }
    Ok(found)
}

fn settle(
    tx: &Connection,
    tenant: &TenantId,
    leaving: &Leaving,
    stored: StoredAgent,
    now: Timestamp,
    left: &mut Left,
) -> Result<()> {
    let name = stored.agent.name.clone();
    if let Some(heir) = leaving.hand_over_to.as_ref().filter(|_| stored.origin == Origin::Api) {
        let change = AgentChange { owner: Some(Some(heir.clone())), ..AgentChange::default() };
        agents::update(tx, tenant, &name, &change, None, now)?;
        left.handed_over.push(name);
        return Ok(());
    }
    // What is held already stays as it is held.
    if stored.agent.standing.is_active() {
        let (subject, standing) = (Subject::Agent(name.clone()), Standing::Suspended);
        let tenant = tenant.clone();
        let containment = Containment { tenant, subject, standing, reason: REASON.to_owned() };
        let who = leaving.by.clone();
        containments::set_standing(tx, &name, StoredContainment { containment, who, since: now })?;
    }
    left.suspended.push(name);
    Ok(())
}
