//! Admin tokens in SQL.

use model::{Digest, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{columns, tenants, users};
use crate::{MAX_CONTROL_ROWS, NewToken, Result, StoreError, StoredToken};

const SELECT: &str = "
    SELECT hash, tenants.name, admin_tokens.name, scope, admin_tokens.created, expires, users.name
    FROM admin_tokens JOIN tenants ON tenants.id = admin_tokens.tenant
    LEFT JOIN users ON users.id = admin_tokens.owner";

fn from_row(row: &Row<'_>) -> Result<StoredToken> {
    Ok(StoredToken {
        hash: columns::digest(row, 0)?,
        tenant: columns::name(row, 1)?,
        name: row.get(2)?,
        scope: columns::scope(row, 3)?,
        created: columns::time(row, 4)?,
        expires: columns::optional_time(row, 5)?,
        owner: row.get::<_, Option<String>>(6)?.map(columns::parse_name).transpose()?,
    })
}

pub(crate) fn add(
    tx: &Connection,
    tenant: &TenantId,
    token: &NewToken,
    now: Timestamp,
) -> Result<StoredToken> {
    let number = tenants::number(tx, tenant)?;
    refuse_double(tx, number, token)?;
    tenants::check_room(tx, number, ("admin_tokens", "admin tokens"), MAX_CONTROL_ROWS)?;
    let sql = "INSERT INTO admin_tokens (hash, tenant, name, scope, created, expires, owner)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let scope = columns::scope_text(token.scope);
    let owner = token.owner.as_ref().map(|owner| users::number(tx, tenant, owner)).transpose()?;
    let expires = token.expires.map(Timestamp::micros);
    let values = params![token.hash.0, number, token.name, scope, now.micros(), expires, owner];
    tx.prepare_cached(sql)?.execute(values)?;
    by_hash(tx, token.hash)?.ok_or(StoreError::Corrupt("admin token"))
}

fn refuse_double(tx: &Connection, tenant: i64, token: &NewToken) -> Result<()> {
    let sql = "SELECT 1 FROM admin_tokens WHERE (tenant = ?1 AND name = ?2) OR hash = ?3";
    let values = params![tenant, token.name, token.hash.0];
    match tx.prepare_cached(sql)?.query_row(values, |_| Ok(())).optional()? {
        Some(()) => Err(StoreError::exists("admin token", &token.name)),
        None => Ok(()),
    }
}

pub(crate) fn by_hash(tx: &Connection, hash: Digest) -> Result<Option<StoredToken>> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} WHERE hash = ?1"))?;
    let mut rows = statement.query([hash.0])?;
    rows.next()?.map(from_row).transpose()
}

pub(crate) fn list(tx: &Connection, tenant: &TenantId) -> Result<Vec<StoredToken>> {
    let sql = format!("{SELECT} WHERE tenants.name = ?1 ORDER BY admin_tokens.name");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([tenant.as_str()])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        tokens.push(from_row(row)?);
    }
    Ok(tokens)
}

pub(crate) fn delete(tx: &Connection, tenant: &TenantId, name: &str) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let sql = "DELETE FROM admin_tokens WHERE tenant = ?1 AND name = ?2";
    match tx.prepare_cached(sql)?.execute(params![number, name])? {
        0 => Err(StoreError::not_found("admin token", name)),
        _ => Ok(()),
    }
}
