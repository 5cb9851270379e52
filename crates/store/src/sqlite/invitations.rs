//! Invitations in SQL.

use model::{Digest, TenantId, Timestamp, UserName};
use rusqlite::{Connection, OptionalExtension, params};

use super::{columns, tenants, users};
use crate::{Invited, Result};

pub(crate) fn add(
    tx: &Connection,
    tenant: &TenantId,
    user: Option<&UserName>,
    hash: Digest,
    ends: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    let user = user.map(|name| users::number(tx, tenant, name)).transpose()?;
    let sql = "DELETE FROM invitations WHERE ends <= ?1 OR (tenant = ?2 AND user IS ?3)";
    tx.prepare_cached(sql)?.execute(params![now.micros(), number, user])?;
    let sql = "INSERT INTO invitations (hash, tenant, user, ends) VALUES (?1, ?2, ?3, ?4)";
    tx.prepare_cached(sql)?.execute(params![hash.0, number, user, ends.micros()])?;
    Ok(())
}

pub(crate) fn one(tx: &Connection, hash: Digest, now: Timestamp) -> Result<Option<Invited>> {
    let sql = "SELECT tenants.name, users.name FROM invitations
        JOIN tenants ON tenants.id = invitations.tenant
        LEFT JOIN users ON users.id = invitations.user
        WHERE hash = ?1 AND ends > ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![hash.0, now.micros()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let user: Option<String> = row.get(1)?;
    let user = user.map(columns::parse_name).transpose()?;
    Ok(Some(Invited { tenant: columns::name(row, 0)?, user }))
}

pub(crate) fn accept(tx: &Connection, hash: Digest, now: Timestamp) -> Result<Option<Invited>> {
    let found = one(tx, hash, now)?;
    let sql = "DELETE FROM invitations WHERE hash = ?1 RETURNING 1";
    let gone = tx.prepare_cached(sql)?.query_row([hash.0], |_| Ok(())).optional()?;
    Ok(found.filter(|_| gone.is_some()))
}
