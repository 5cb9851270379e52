//! Versions of policies in SQL.

use model::{TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::tenants;
use crate::{MAX_POLICY_VERSIONS, NewPolicyVersion, PolicyVersion, Result, StoreError};

/// What is read of a version; `?1` is the tenant.
const COLUMNS: &str = "SELECT v.number, v.hash, v.sources, v.note, v.author, v.created, v.reviewer, v.reviewed,
        d.time, d.who, v.number = (SELECT number FROM policy_deployments WHERE tenant = ?1 ORDER BY at DESC LIMIT 1)
    FROM policy_versions v LEFT JOIN policy_deployments d ON d.tenant = v.tenant
        AND d.at = (SELECT max(at) FROM policy_deployments WHERE tenant = v.tenant AND number = v.number)
    WHERE v.tenant = ?1";

fn from_row(row: &Row<'_>) -> Result<PolicyVersion> {
    let sources: String = row.get(2)?;
    let time = |at: usize| -> Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_micros))
    };
    Ok(PolicyVersion {
        number: row.get(0)?,
        hash: row.get(1)?,
        files: serde_json::from_str(&sources).map_err(|_| StoreError::Corrupt("policy"))?,
        note: row.get(3)?,
        author: row.get(4)?,
        created: time(5)?.unwrap_or_default(),
        reviewer: row.get(6)?,
        reviewed: time(7)?,
        deployed: time(8)?,
        deployed_by: row.get(9)?,
        is_in_force: row.get::<_, Option<bool>>(10)?.unwrap_or(false),
    })
}

pub(crate) fn one(tx: &Connection, tenant: &TenantId, number: u32) -> Result<PolicyVersion> {
    let id = tenants::number(tx, tenant)?;
    let mut statement = tx.prepare_cached(&format!("{COLUMNS} AND v.number = ?2"))?;
    let mut rows = statement.query(params![id, number])?;
    match rows.next()? {
        Some(row) => from_row(row),
        None => Err(StoreError::not_found("version of the policies", number)),
    }
}

pub(crate) fn list(tx: &Connection, tenant: &TenantId, limit: usize) -> Result<Vec<PolicyVersion>> {
    let id = tenants::number(tx, tenant)?;
    // The texts stay where they are.
    let columns = COLUMNS.replace("v.sources", "'[]'");
    let sql = format!("{columns} ORDER BY v.number DESC LIMIT ?2");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params![id, limit as i64])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        versions.push(from_row(row)?);
    }
    Ok(versions)
}

pub(crate) fn add(
    tx: &Connection,
    tenant: &TenantId,
    version: &NewPolicyVersion,
    now: Timestamp,
) -> Result<PolicyVersion> {
    let id = tenants::number(tx, tenant)?;
    tenants::check_room(tx, id, ("policy_versions", "versions of policies"), MAX_POLICY_VERSIONS)?;
    let next = "SELECT coalesce(max(number), 0) + 1 FROM policy_versions WHERE tenant = ?1";
    let number: u32 = tx.prepare_cached(next)?.query_row([id], |row| row.get(0))?;
    let files = serde_json::to_string(&version.files).map_err(|_| StoreError::Corrupt("policy"))?;
    let sql = "INSERT INTO policy_versions (tenant, number, hash, sources, note, author, created)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let NewPolicyVersion { hash, note, author, .. } = version;
    let values = params![id, number, hash, files, note, author, now.micros()];
    tx.prepare_cached(sql)?.execute(values)?;
    one(tx, tenant, number)
}

/// The person behind `user:ann`, `token:ann` or `uid:0`: whoever holds two credentials is one.
fn person(who: &str) -> &str {
    who.split_once(':').map_or(who, |(_, name)| name)
}

pub(crate) fn approve(
    tx: &Connection,
    tenant: &TenantId,
    number: u32,
    who: &str,
    now: Timestamp,
) -> Result<PolicyVersion> {
    let version = one(tx, tenant, number)?;
    if person(&version.author) == person(who) {
        return Err(StoreError::Invalid(
            "nobody approves policies of their own; ask somebody else",
        ));
    }
    if version.reviewer.is_some() {
        return Err(StoreError::Invalid("this version is approved already"));
    }
    let sql =
        "UPDATE policy_versions SET reviewer = ?3, reviewed = ?4 WHERE tenant = ?1 AND number = ?2";
    let id = tenants::number(tx, tenant)?;
    tx.prepare_cached(sql)?.execute(params![id, number, who, now.micros()])?;
    one(tx, tenant, number)
}

pub(crate) fn deploy(
    tx: &Connection,
    tenant: &TenantId,
    number: u32,
    who: &str,
    now: Timestamp,
) -> Result<PolicyVersion> {
    let version = one(tx, tenant, number)?;
    if version.reviewer.is_none() {
        return Err(StoreError::Invalid("nobody has approved this version yet"));
    }
    if version.is_in_force {
        return Err(StoreError::Invalid("this version is in force already"));
    }
    let sql = "INSERT INTO policy_deployments (tenant, at, number, who, time)
        SELECT ?1, coalesce(max(at), 0) + 1, ?2, ?3, ?4 FROM policy_deployments WHERE tenant = ?1";
    let id = tenants::number(tx, tenant)?;
    tx.prepare_cached(sql)?.execute(params![id, number, who, now.micros()])?;
    one(tx, tenant, number)
}

pub(crate) fn undeploy(tx: &Connection, tenant: &TenantId, number: u32) -> Result<()> {
    let id = tenants::number(tx, tenant)?;
    let sql = "DELETE FROM policy_deployments WHERE tenant = ?1 AND number = ?2
        AND at = (SELECT max(at) FROM policy_deployments WHERE tenant = ?1)";
    tx.prepare_cached(sql)?.execute(params![id, number])?;
    Ok(())
}

fn nth(tx: &Connection, tenant: &TenantId, skip: u32) -> Result<Option<u32>> {
    let id = tenants::number(tx, tenant)?;
    let sql = "SELECT number FROM policy_deployments WHERE tenant = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2";
    Ok(tx.prepare_cached(sql)?.query_row(params![id, skip], |row| row.get(0)).optional()?)
}

pub(crate) fn in_force(tx: &Connection, tenant: &TenantId) -> Result<Option<PolicyVersion>> {
    nth(tx, tenant, 0)?.map(|number| one(tx, tenant, number)).transpose()
}

pub(crate) fn before(tx: &Connection, tenant: &TenantId) -> Result<Option<u32>> {
    nth(tx, tenant, 1)
}
