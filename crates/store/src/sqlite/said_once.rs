//! What may be said once, in SQL.

use model::{Digest, Timestamp};
use rusqlite::{Connection, params};

use super::columns;
use crate::Result;

/// Expired entries that go with each new one: more than one, so that none pile up.
const SWEEP: i64 = 8;

pub(crate) fn note(
    tx: &Connection,
    hash: Digest,
    expires: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let sweep = "DELETE FROM said_once WHERE hash IN
        (SELECT hash FROM said_once WHERE expires <= ?1 LIMIT ?2)";
    tx.prepare_cached(sweep)?.execute(params![now.micros(), SWEEP])?;
    let sql = "INSERT INTO said_once (hash, expires) VALUES (?1, ?2)
        ON CONFLICT (hash) DO UPDATE SET expires = max(expires, ?2)";
    tx.prepare_cached(sql)?.execute(params![hash.0, expires.micros()])?;
    Ok(())
}

pub(crate) fn first(
    tx: &Connection,
    hash: Digest,
    expires: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM said_once WHERE hash = ?1)";
    let is_known: bool = tx.prepare_cached(sql)?.query_row([hash.0], |row| row.get(0))?;
    note(tx, hash, expires, now)?;
    Ok(!is_known)
}

pub(crate) fn unexpired(tx: &Connection, now: Timestamp) -> Result<Vec<(Digest, Timestamp)>> {
    let sql = "SELECT hash, expires FROM said_once WHERE expires > ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([now.micros()])?;
    let mut said = Vec::new();
    while let Some(row) = rows.next()? {
        said.push((columns::digest(row, 0)?, columns::time(row, 1)?));
    }
    Ok(said)
}
