//! Sessions in SQL.

use model::{Digest, TenantId, Timestamp, UserName};
use rusqlite::{Connection, Row, params};

use super::{columns, users};
use crate::{MAX_SESSIONS_PER_USER, Result, StoreError, StoredSession, StoredUser};

const SELECT: &str = "SELECT hash, id, stage, created, seen, proved, factors, address, user_agent,
    issuer, outside_id, user FROM user_sessions";

fn from_row(row: &Row<'_>) -> Result<StoredSession> {
    Ok(StoredSession {
        hash: columns::digest(row, 0)?,
        id: row.get(1)?,
        stage: row.get(2)?,
        created: columns::time(row, 3)?,
        seen: columns::time(row, 4)?,
        proved: columns::optional_time(row, 5)?,
        factors: row.get(6)?,
        address: row.get(7)?,
        user_agent: row.get(8)?,
        issuer: row.get(9)?,
        outside_id: row.get(10)?,
    })
}

pub(crate) fn open(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    session: &StoredSession,
    before: Option<Digest>,
) -> Result<()> {
    let number = users::number(tx, tenant, user)?;
    if let Some(before) = before
        && !end(tx, before)?
    {
        // Two that go on from one session: the second is too late.
        return Err(StoreError::not_found("session", ""));
    }
    make_room(tx, number)?;
    let sql = "INSERT INTO user_sessions (hash, user, id, stage, created, seen, proved, factors,
        address, user_agent, issuer, outside_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    tx.prepare_cached(sql)?.execute(params![
        session.hash.0,
        number,
        session.id,
        session.stage,
        session.created.micros(),
        session.seen.micros(),
        session.proved.map(Timestamp::micros),
        session.factors,
        session.address,
        session.user_agent,
        session.issuer,
        session.outside_id
    ])?;
    Ok(())
}

fn make_room(tx: &Connection, user: i64) -> Result<()> {
    let sql = "DELETE FROM user_sessions WHERE hash IN (SELECT hash FROM user_sessions
        WHERE user = ?1 ORDER BY seen DESC, hash LIMIT -1 OFFSET ?2)";
    let kept = columns::signed(MAX_SESSIONS_PER_USER - 1);
    tx.prepare_cached(sql)?.execute(params![user, kept])?;
    Ok(())
}

pub(crate) fn by_hash(
    tx: &Connection,
    hash: Digest,
) -> Result<Option<(StoredSession, StoredUser)>> {
    let mut statement = tx.prepare_cached(&format!("{SELECT} WHERE hash = ?1"))?;
    let mut rows = statement.query([hash.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let session = from_row(row)?;
    let (tenant, name) = users::named(tx, row.get(11)?)?;
    let user = users::one(tx, &tenant, &name)?;
    Ok(user.active.then_some((session, user)))
}

pub(crate) fn touch(tx: &Connection, hash: Digest, now: Timestamp) -> Result<()> {
    let sql = "UPDATE user_sessions SET seen = max(seen, ?2) WHERE hash = ?1";
    tx.prepare_cached(sql)?.execute(params![hash.0, now.micros()])?;
    Ok(())
}

pub(crate) fn list(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
) -> Result<Vec<StoredSession>> {
    let number = users::number(tx, tenant, user)?;
    let sql = format!("{SELECT} WHERE user = ?1 ORDER BY seen DESC, hash");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([number])?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        sessions.push(from_row(row)?);
    }
    Ok(sessions)
}

pub(crate) fn seen(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
) -> Result<Option<Timestamp>> {
    let sql = "SELECT max(seen) FROM user_sessions WHERE user = ?1";
    let number = users::number(tx, tenant, user)?;
    let last: Option<i64> = tx.prepare_cached(sql)?.query_row([number], |row| row.get(0))?;
    Ok(last.map(Timestamp::from_micros))
}

pub(crate) fn end(tx: &Connection, hash: Digest) -> Result<bool> {
    let sql = "DELETE FROM user_sessions WHERE hash = ?1";
    Ok(tx.prepare_cached(sql)?.execute([hash.0])? == 1)
}

pub(crate) fn end_by_id(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    id: &str,
) -> Result<()> {
    let number = users::number(tx, tenant, user)?;
    let sql = "DELETE FROM user_sessions WHERE user = ?1 AND id = ?2";
    match tx.prepare_cached(sql)?.execute(params![number, id])? {
        0 => Err(StoreError::not_found("session", id)),
        _ => Ok(()),
    }
}

pub(crate) fn end_all_of(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    except: Option<Digest>,
) -> Result<()> {
    end_all(tx, users::number(tx, tenant, user)?, except)
}

pub(super) fn end_all(tx: &Connection, user: i64, except: Option<Digest>) -> Result<()> {
    let sql = "DELETE FROM user_sessions WHERE user = ?1 AND hash IS NOT ?2";
    let except = except.map(|hash| hash.0);
    tx.prepare_cached(sql)?.execute(params![user, except])?;
    Ok(())
}
