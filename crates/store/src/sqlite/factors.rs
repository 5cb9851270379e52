//! Second factors in SQL.

use model::{Digest, TenantId, Timestamp, UserName};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{columns, sessions, tenants, users};
use crate::{FactorKind, MAX_FACTORS_PER_USER, NewFactor, Result, StoreError, StoredFactor};

const SELECT: &str = "SELECT id, kind, label, secret, credential, data, counter, created, used, user FROM user_factors";

fn from_row(row: &Row<'_>) -> Result<StoredFactor> {
    let kind = match row.get_ref(1)?.as_str() {
        Ok("totp") => FactorKind::Totp,
        Ok("passkey") => FactorKind::Passkey,
        _ => return Err(StoreError::Corrupt("kind of a factor")),
    };
    let data: Option<String> = row.get(5)?;
    let data = data.map(|text| serde_json::from_str(&text)).transpose();
    Ok(StoredFactor {
        id: row.get(0)?,
        kind,
        label: row.get(2)?,
        secret: row.get(3)?,
        credential: row.get(4)?,
        data: data.map_err(|_| StoreError::Corrupt("passkey"))?,
        counter: row.get(6)?,
        created: columns::time(row, 7)?,
        used: columns::optional_time(row, 8)?,
    })
}

pub(crate) fn add(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    factor: &NewFactor,
    now: Timestamp,
) -> Result<()> {
    let number = users::number(tx, tenant, user)?;
    let count = "SELECT count(*) FROM user_factors WHERE user = ?1";
    tenants::check_few(tx, count, number, "factors of one user", MAX_FACTORS_PER_USER)?;
    let known = "SELECT 1 FROM user_factors WHERE credential = ?1";
    let known = tx.prepare_cached(known)?.query_row([&factor.credential], |_| Ok(())).optional()?;
    if known.is_some() {
        return Err(StoreError::exists("passkey", &factor.label));
    }
    let sql = "INSERT INTO user_factors
        (id, user, kind, label, secret, credential, data, counter, created)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let data = factor.data.as_ref().map(ToString::to_string);
    let kind = factor.kind.as_str();
    tx.prepare_cached(sql)?.execute(params![
        factor.id,
        number,
        kind,
        factor.label,
        factor.secret,
        factor.credential,
        data,
        factor.counter,
        now.micros()
    ])?;
    Ok(())
}

pub(crate) fn list(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
) -> Result<Vec<StoredFactor>> {
    let number = users::number(tx, tenant, user)?;
    let mut statement =
        tx.prepare_cached(&format!("{SELECT} WHERE user = ?1 ORDER BY created, id"))?;
    let mut rows = statement.query([number])?;
    let mut factors = Vec::new();
    while let Some(row) = rows.next()? {
        factors.push(from_row(row)?);
    }
    Ok(factors)
}

pub(crate) fn by_credential(
    tx: &Connection,
    credential: &[u8],
) -> Result<Option<(TenantId, UserName, StoredFactor)>> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} WHERE credential = ?1"))?;
    let mut rows = statement.query([credential])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (tenant, name) = users::named(tx, row.get(9)?)?;
    Ok(Some((tenant, name, from_row(row)?)))
}

pub(crate) fn advance(tx: &Connection, id: &str, counter: i64, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE user_factors SET counter = ?2, used = ?3
        WHERE id = ?1 AND (counter IS NULL OR counter < ?2)";
    Ok(tx.prepare_cached(sql)?.execute(params![id, counter, now.micros()])? == 1)
}

pub(crate) fn note_used(tx: &Connection, id: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE user_factors SET used = ?2 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![id, now.micros()])?;
    Ok(())
}

pub(crate) fn remove(tx: &Connection, tenant: &TenantId, user: &UserName, id: &str) -> Result<()> {
    let number = users::number(tx, tenant, user)?;
    let count = "SELECT count(*) FROM user_factors WHERE user = ?1";
    let there: i64 = tx.prepare_cached(count)?.query_row([number], |row| row.get(0))?;
    if there == 1 {
        return Err(StoreError::Invalid("this is the last second factor; add another one first"));
    }
    let sql = "DELETE FROM user_factors WHERE user = ?1 AND id = ?2";
    match tx.prepare_cached(sql)?.execute(params![number, id])? {
        0 => Err(StoreError::not_found("factor", id)),
        _ => Ok(()),
    }
}

pub(crate) fn reset(tx: &Connection, tenant: &TenantId, user: &UserName) -> Result<()> {
    let number = users::number(tx, tenant, user)?;
    for sql in [
        "DELETE FROM user_factors WHERE user = ?1",
        "DELETE FROM recovery_codes WHERE user = ?1",
        "UPDATE users SET password = NULL WHERE id = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([number])?;
    }
    sessions::end_all(tx, number, None)
}

pub(crate) fn set_codes(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    hashes: &[Digest],
) -> Result<()> {
    let number = users::number(tx, tenant, user)?;
    tx.prepare_cached("DELETE FROM recovery_codes WHERE user = ?1")?.execute([number])?;
    let sql = "INSERT INTO recovery_codes (user, hash) VALUES (?1, ?2)";
    for hash in hashes {
        tx.prepare_cached(sql)?.execute(params![number, hash.0])?;
    }
    Ok(())
}

pub(crate) fn use_code(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    hash: Digest,
) -> Result<bool> {
    let number = users::number(tx, tenant, user)?;
    let sql = "DELETE FROM recovery_codes WHERE user = ?1 AND hash = ?2";
    Ok(tx.prepare_cached(sql)?.execute(params![number, hash.0])? == 1)
}

pub(crate) fn codes_left(tx: &Connection, tenant: &TenantId, user: &UserName) -> Result<u64> {
    let number = users::number(tx, tenant, user)?;
    let sql = "SELECT count(*) FROM recovery_codes WHERE user = ?1";
    columns::unsigned(tx.prepare_cached(sql)?.query_row([number], |row| row.get(0))?)
}
