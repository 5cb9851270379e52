//! What a decision of a review does. It is done to what was looked at and to nothing else: a grant that
//! was made anew meanwhile is another grant, and stays.

use model::{
    AgentName, Containment, Digest, RoleName, Standing, Subject, TenantId, Timestamp, UserName,
};
use rusqlite::{Connection, params};

use super::super::{agents, columns, containments, elevations, keys, tenants, tokens, users};
use crate::{
    AccessKind, AgentChange, BY_GROUP, ElevationJudge, NewReviewItem, Result, ReviewDecision,
    ReviewWord, StoreError, StoredContainment,
};

const GONE: &str = "it was gone already, or granted anew";

/// Does what was decided, and says what that changed.
pub(super) fn apply(
    tx: &Connection,
    tenant: &TenantId,
    item: &NewReviewItem,
    word: &ReviewWord,
    now: Timestamp,
) -> Result<String> {
    check(item, word, now)?;
    if item.kind == AccessKind::BrokenGlass {
        return sign_off(tx, tenant, item, word, now);
    }
    if word.decision == ReviewDecision::Keep {
        return Ok("stays".to_owned());
    }
    match item.kind {
        AccessKind::Role => role(tx, tenant, item, word, now),
        AccessKind::Token => token(tx, tenant, item, word),
        AccessKind::Key => key(tx, tenant, item, word),
        _ => agent(tx, tenant, item, word, now),
    }
}

/// Whether the words fit the decision: to narrow takes something away, and nothing else is said.
fn check(item: &NewReviewItem, word: &ReviewWord, now: Timestamp) -> Result<()> {
    if word.decision == ReviewDecision::Escalate {
        return Err(StoreError::Invalid("a decision keeps, narrows or revokes"));
    }
    let narrows = word.decision == ReviewDecision::Narrow;
    match (item.kind, narrows, word.ends, &word.roles) {
        (_, false, None, None) => Ok(()),
        (AccessKind::Role | AccessKind::Token | AccessKind::Key, true, Some(ends), None) => {
            let is_nearer = now < ends && item.ends.is_none_or(|before| ends < before);
            let problem = "to narrow it, give an end that is nearer than the one it has";
            if is_nearer { Ok(()) } else { Err(StoreError::Invalid(problem)) }
        }
        (AccessKind::Agent, true, None, Some(roles)) => {
            let held: Vec<&str> = item.held.split_whitespace().collect();
            let is_less =
                roles.len() < held.len() && roles.iter().all(|role| held.contains(&role.as_str()));
            let problem = "to narrow it, name the roles that stay: some of those it has, not all";
            if is_less { Ok(()) } else { Err(StoreError::Invalid(problem)) }
        }
        _ => Err(StoreError::Invalid(
            "a role, a token or a key is narrowed by a nearer end, an agent by the roles that stay; nothing else takes either",
        )),
    }
}

/// What a word narrows to, as it is kept.
pub(super) fn narrowed(word: &ReviewWord) -> Option<String> {
    let roles = word.roles.as_ref().map(|roles| names(roles));
    word.ends.map(|ends| format!("ends {ends}")).or(roles.map(|roles| format!("roles {roles}")))
}

fn names(roles: &[RoleName]) -> String {
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" ")
}

fn ended(word: &ReviewWord) -> String {
    word.ends.map_or_else(|| "revoked".to_owned(), |ends| format!("ends {ends}"))
}

fn role(
    tx: &Connection,
    tenant: &TenantId,
    item: &NewReviewItem,
    word: &ReviewWord,
    now: Timestamp,
) -> Result<String> {
    if item.granted_by.starts_with(BY_GROUP) {
        return Err(StoreError::declared("what is given by", &item.granted_by));
    }
    let Ok(name) = UserName::new(&item.holder) else { return Ok(GONE.to_owned()) };
    let user = match users::one(tx, tenant, &name) {
        Ok(user) => user,
        Err(StoreError::NotFound { .. }) => return Ok(GONE.to_owned()),
        Err(error) => return Err(error),
    };
    let same = |grant: &&crate::StoredGrant| {
        grant.role == item.held
            && grant.created == item.granted
            && grant.granted_by == item.granted_by
    };
    if !user.grants.iter().any(|grant| same(&grant)) {
        return Ok(GONE.to_owned());
    }
    match word.ends {
        None => drop(users::revoke(tx, tenant, &name, &item.held, now)?),
        Some(ends) => users::shorten(tx, tenant, &name, &item.held, ends, now)?,
    }
    Ok(ended(word))
}

fn token(
    tx: &Connection,
    tenant: &TenantId,
    item: &NewReviewItem,
    word: &ReviewWord,
) -> Result<String> {
    let all = tokens::list(tx, tenant)?;
    if !all.iter().any(|one| one.name == item.holder && one.created == item.granted) {
        return Ok(GONE.to_owned());
    }
    match word.ends {
        None => tokens::delete(tx, tenant, &item.holder)?,
        Some(ends) => {
            let sql = "UPDATE admin_tokens SET expires = ?3 WHERE tenant = ?1 AND name = ?2";
            let number = tenants::number(tx, tenant)?;
            tx.prepare_cached(sql)?.execute(params![number, item.holder, ends.micros()])?;
        }
    }
    Ok(ended(word))
}

fn key(
    tx: &Connection,
    tenant: &TenantId,
    item: &NewReviewItem,
    word: &ReviewWord,
) -> Result<String> {
    let (agent, hash) = (AgentName::new(&item.holder), Digest::from_hex(&item.held));
    let (Ok(agent), Some(hash)) = (agent, hash) else { return Ok(GONE.to_owned()) };
    let done = match word.ends {
        None => keys::delete(tx, tenant, &agent, hash),
        Some(ends) => keys::expire(tx, tenant, &agent, hash, ends),
    };
    match done {
        Err(StoreError::NotFound { .. }) => Ok(GONE.to_owned()),
        other => other.map(|()| ended(word)),
    }
}

fn agent(
    tx: &Connection,
    tenant: &TenantId,
    item: &NewReviewItem,
    word: &ReviewWord,
    now: Timestamp,
) -> Result<String> {
    let Ok(name) = AgentName::new(&item.holder) else { return Ok(GONE.to_owned()) };
    let before = match agents::one(tx, tenant, &name) {
        Ok(agent) if agent.created == item.granted => agent,
        Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(GONE.to_owned()),
        Err(error) => return Err(error),
    };
    if let Some(roles) = &word.roles {
        let kept: Vec<RoleName> =
            before.agent.roles.into_iter().filter(|role| roles.contains(role)).collect();
        let outcome = format!("roles {}", names(&kept));
        let change = AgentChange { roles: Some(kept), ..AgentChange::default() };
        agents::update(tx, tenant, &name, &change, None, now)?;
        return Ok(outcome);
    }
    // What is held already stays as it is held.
    if before.agent.standing.is_active() {
        let (subject, standing) = (Subject::Agent(name.clone()), Standing::Suspended);
        let reason = format!("access review: {}", word.reason);
        let containment = Containment { tenant: tenant.clone(), subject, standing, reason };
        let who = word.who.clone();
        containments::set_standing(tx, &name, StoredContainment { containment, who, since: now })?;
    }
    Ok("suspended".to_owned())
}

/// To decide on a role that was taken is to have looked at it, whatever is said.
fn sign_off(
    tx: &Connection,
    tenant: &TenantId,
    item: &NewReviewItem,
    word: &ReviewWord,
    now: Timestamp,
) -> Result<String> {
    let judge = ElevationJudge {
        who: word.who.clone(),
        person: word.person.clone(),
        reason: word.reason.clone(),
    };
    match elevations::sign_off(tx, tenant, &item.held, &judge, now) {
        Ok(_) => Ok("signed off".to_owned()),
        Err(StoreError::NotFound { .. }) => Ok(GONE.to_owned()),
        Err(error) => Err(error),
    }
}

/// Whether nobody else could run the installation: by itself, time takes that from nobody.
pub(super) fn is_last_administrator(
    tx: &Connection,
    tenant: &TenantId,
    item: &NewReviewItem,
) -> Result<bool> {
    if item.kind != AccessKind::Role || item.held != ADMINISTRATOR {
        return Ok(false);
    }
    let sql = "SELECT count(*) FROM user_grants JOIN users ON users.id = user_grants.user
        WHERE tenant = ?1 AND users.name <> ?2 AND active AND role = ?3 AND ends IS NULL";
    let values = params![tenants::number(tx, tenant)?, item.holder, ADMINISTRATOR];
    let others: i64 = tx.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    Ok(columns::unsigned(others)? == 0)
}

const ADMINISTRATOR: &str = "platform_administrator";
