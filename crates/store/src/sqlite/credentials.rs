//! What agents show besides keys, in SQL.

use model::{AgentName, CertificateSerial, CertificateSubject, SigningKeyId, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::{agents, columns, tenants};
use crate::{
    MAX_CREDENTIALS_PER_AGENT, MAX_REVOKED, NewSigningKey, Result, RevokedCertificate, StoreError,
    StoredCertificate, StoredSigningKey,
};

const KEYS: &str = "SELECT signing_keys.id, agents.name, public_key, algorithm,
        signing_keys.created, expires
    FROM agents JOIN signing_keys ON signing_keys.agent = agents.id";

const CERTIFICATES: &str = "SELECT subject, agents.name, certificates.created
    FROM agents JOIN certificates ON certificates.agent = agents.id";

fn key(row: &Row<'_>) -> Result<StoredSigningKey> {
    Ok(StoredSigningKey {
        id: columns::name(row, 0)?,
        agent: columns::name(row, 1)?,
        public_key: row.get(2)?,
        algorithm: row.get(3)?,
        created: columns::time(row, 4)?,
        expires: columns::optional_time(row, 5)?,
    })
}

fn certificate(row: &Row<'_>) -> Result<StoredCertificate> {
    Ok(StoredCertificate {
        subject: columns::name(row, 0)?,
        agent: columns::name(row, 1)?,
        created: columns::time(row, 2)?,
    })
}

fn all<T>(
    tx: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    read: fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Every signing key of a tenant.
pub(super) fn keys(tx: &Connection, tenant: i64) -> Result<Vec<StoredSigningKey>> {
    all(tx, &format!("{KEYS} WHERE agents.tenant = ?1"), &[&tenant], key)
}

/// Every name of certificates of a tenant.
pub(super) fn certificates(tx: &Connection, tenant: i64) -> Result<Vec<StoredCertificate>> {
    all(tx, &format!("{CERTIFICATES} WHERE agents.tenant = ?1"), &[&tenant], certificate)
}

/// Every serial that a tenant revoked.
pub(super) fn serials(tx: &Connection, tenant: i64) -> Result<Vec<CertificateSerial>> {
    let sql = "SELECT serial FROM revoked_certificates WHERE tenant = ?1";
    all(tx, sql, &[&tenant], |row| columns::name(row, 0))
}

pub(crate) fn keys_of(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
) -> Result<Vec<StoredSigningKey>> {
    let (_, id) = require(tx, tenant, agent)?;
    all(tx, &format!("{KEYS} WHERE agents.id = ?1 ORDER BY signing_keys.id"), &[&id], key)
}

pub(crate) fn certificates_of(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
) -> Result<Vec<StoredCertificate>> {
    let (_, id) = require(tx, tenant, agent)?;
    all(tx, &format!("{CERTIFICATES} WHERE agents.id = ?1 ORDER BY subject"), &[&id], certificate)
}

pub(crate) fn add_key(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
    new: &NewSigningKey,
    now: Timestamp,
) -> Result<StoredSigningKey> {
    let (number, id) = require(tx, tenant, agent)?;
    let clear = "DELETE FROM signing_keys WHERE agent = ?1 AND expires <= ?2";
    tx.prepare_cached(clear)?.execute(params![id, now.micros()])?;
    let count = "SELECT count(*) FROM signing_keys WHERE agent = ?1";
    tenants::check_few(tx, count, id, "signing keys of one agent", MAX_CREDENTIALS_PER_AGENT)?;
    let known = "SELECT 1 FROM signing_keys WHERE id = ?1";
    if is_there(tx, known, new.id.as_str())? {
        return Err(StoreError::exists("signing key", &new.id));
    }
    let sql = "INSERT INTO signing_keys (id, agent, public_key, algorithm, created, expires)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let expires = new.expires.map(Timestamp::micros);
    let values = params![new.id.as_str(), id, new.public_key, new.algorithm, now.micros(), expires];
    tx.prepare_cached(sql)?.execute(values)?;
    changed(tx, number, agent, now)?;
    let NewSigningKey { id, public_key, algorithm, expires } = new.clone();
    let agent = agent.clone();
    Ok(StoredSigningKey { id, agent, public_key, algorithm, created: now, expires })
}

pub(crate) fn remove_key(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
    key: &SigningKeyId,
    now: Timestamp,
) -> Result<()> {
    let (number, id) = require(tx, tenant, agent)?;
    let sql = "DELETE FROM signing_keys WHERE id = ?1 AND agent = ?2";
    match tx.prepare_cached(sql)?.execute(params![key.as_str(), id])? {
        0 => Err(StoreError::not_found("signing key", key)),
        _ => changed(tx, number, agent, now),
    }
}

pub(crate) fn add_certificate(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
    subject: &CertificateSubject,
    now: Timestamp,
) -> Result<StoredCertificate> {
    let (number, id) = require(tx, tenant, agent)?;
    let count = "SELECT count(*) FROM certificates WHERE agent = ?1";
    let what = "names of certificates of one agent";
    tenants::check_few(tx, count, id, what, MAX_CREDENTIALS_PER_AGENT)?;
    let known = "SELECT 1 FROM certificates WHERE subject = ?1";
    if is_there(tx, known, subject.as_str())? {
        return Err(StoreError::exists("certificate", subject));
    }
    let sql = "INSERT INTO certificates (subject, agent, created) VALUES (?1, ?2, ?3)";
    tx.prepare_cached(sql)?.execute(params![subject.as_str(), id, now.micros()])?;
    changed(tx, number, agent, now)?;
    Ok(StoredCertificate { subject: subject.clone(), agent: agent.clone(), created: now })
}

pub(crate) fn remove_certificate(
    tx: &Connection,
    tenant: &TenantId,
    agent: &AgentName,
    subject: &CertificateSubject,
    now: Timestamp,
) -> Result<()> {
    let (number, id) = require(tx, tenant, agent)?;
    let sql = "DELETE FROM certificates WHERE subject = ?1 AND agent = ?2";
    match tx.prepare_cached(sql)?.execute(params![subject.as_str(), id])? {
        0 => Err(StoreError::not_found("certificate", subject)),
        _ => changed(tx, number, agent, now),
    }
}

pub(crate) fn revoke(tx: &Connection, tenant: &TenantId, new: &RevokedCertificate) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    tenants::check_room(tx, number, ("revoked_certificates", "revoked certificates"), MAX_REVOKED)?;
    let sql = "INSERT INTO revoked_certificates (tenant, serial, reason, who, since)
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tenant, serial) DO NOTHING";
    let values = params![number, new.serial.as_str(), new.reason, new.who, new.since.micros()];
    match tx.prepare_cached(sql)?.execute(values)? {
        0 => Err(StoreError::exists("revoked certificate", &new.serial)),
        _ => tenants::touch(tx, number),
    }
}

pub(crate) fn revoked(
    tx: &Connection,
    tenant: &TenantId,
    after: Option<&CertificateSerial>,
    limit: usize,
) -> Result<Vec<RevokedCertificate>> {
    let number = tenants::number(tx, tenant)?;
    let sql = "SELECT serial, reason, who, since FROM revoked_certificates
        WHERE tenant = ?1 AND serial > ?2 ORDER BY serial LIMIT ?3";
    let after = after.map_or("", CertificateSerial::as_str);
    all(tx, sql, &[&number, &after, &columns::signed(limit as u64)], |row| {
        Ok(RevokedCertificate {
            serial: columns::name(row, 0)?,
            reason: row.get(1)?,
            who: row.get(2)?,
            since: columns::time(row, 3)?,
        })
    })
}

pub(crate) fn reinstate(
    tx: &Connection,
    tenant: &TenantId,
    serial: &CertificateSerial,
) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let sql = "DELETE FROM revoked_certificates WHERE tenant = ?1 AND serial = ?2";
    match tx.prepare_cached(sql)?.execute(params![number, serial.as_str()])? {
        0 => Err(StoreError::not_found("revoked certificate", serial)),
        _ => tenants::touch(tx, number),
    }
}

/// The numbers of the tenant and of the agent.
fn require(tx: &Connection, tenant: &TenantId, agent: &AgentName) -> Result<(i64, i64)> {
    let number = tenants::number(tx, tenant)?;
    let (id, ..) = agents::require(tx, number, agent)?;
    Ok((number, id))
}

fn is_there(tx: &Connection, sql: &str, name: &str) -> Result<bool> {
    Ok(tx.prepare_cached(sql)?.query_row([name], |_| Ok(())).optional()?.is_some())
}

fn changed(tx: &Connection, tenant: i64, agent: &AgentName, now: Timestamp) -> Result<()> {
    agents::bump(tx, tenant, agent.as_str(), now)?;
    tenants::touch(tx, tenant)
}
