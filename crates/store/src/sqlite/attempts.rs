//! Failed attempts and known browsers in SQL.

use model::{Digest, TenantId, Timestamp, UserName};
use rusqlite::{Connection, OptionalExtension, params};

use super::{columns, tenants, users};
use crate::{
    Counted, KnownDevice, MAX_DEVICES_PER_USER, MAX_FAILED_SUBJECTS, Result, StoreError, Wait,
};

/// Old entries that go with each new one: more than one, so that none pile up.
const SWEEP: i64 = 8;

pub(crate) fn begin(
    tx: &Connection,
    subjects: &[Counted],
    now: Timestamp,
    forget: Timestamp,
    wait: Wait,
) -> Result<Option<Timestamp>> {
    for Counted { subject, .. } in subjects {
        let until = one(tx, subject)?.map(|(_, until)| until);
        if until.is_some_and(|until| until > now) {
            return Ok(until);
        }
    }
    for counted in subjects {
        count(tx, counted, now, forget, wait)?;
    }
    Ok(None)
}

fn one(tx: &Connection, subject: &str) -> Result<Option<(u32, Timestamp)>> {
    let sql = "SELECT count, until FROM failed_attempts WHERE subject = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([subject])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let count = u32::try_from(columns::count(row, 0)?).unwrap_or(u32::MAX);
    Ok(Some((count, columns::time(row, 1)?)))
}

fn count(
    tx: &Connection,
    Counted { subject, free }: &Counted,
    now: Timestamp,
    forget: Timestamp,
    wait: Wait,
) -> Result<()> {
    make_room(tx, forget)?;
    let stale = "DELETE FROM failed_attempts WHERE subject = ?1 AND last <= ?2";
    tx.prepare_cached(stale)?.execute(params![subject, forget.micros()])?;
    let before = one(tx, subject)?.map_or(0, |(count, _)| count);
    let count = before.saturating_add(1);
    let sql = "INSERT INTO failed_attempts (subject, count, last, until) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (subject) DO UPDATE SET count = ?2, last = ?3, until = ?4";
    let until = wait(count, *free, now).micros();
    tx.prepare_cached(sql)?.execute(params![subject, count, now.micros(), until])?;
    Ok(())
}

pub(crate) fn uncount(tx: &Connection, subject: &str) -> Result<()> {
    let sql = "UPDATE failed_attempts SET count = max(count - 1, 0), until = 0 WHERE subject = ?1";
    tx.prepare_cached(sql)?.execute([subject])?;
    Ok(())
}

/// Lets old ones go; when a flood fills the table, the ones that were quiet longest.
fn make_room(tx: &Connection, forget: Timestamp) -> Result<()> {
    let sql = "DELETE FROM failed_attempts WHERE subject IN (SELECT subject FROM failed_attempts
        WHERE last <= ?1 ORDER BY last LIMIT ?2)";
    tx.prepare_cached(sql)?.execute(params![forget.micros(), SWEEP])?;
    if tenants::rows(tx, tenants::ALL, "failed_attempts")? as u64 >= MAX_FAILED_SUBJECTS {
        tx.prepare_cached(sql)?.execute(params![i64::MAX, SWEEP])?;
    }
    Ok(())
}

pub(crate) fn forget(tx: &Connection, subject: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM failed_attempts WHERE subject = ?1")?.execute([subject])?;
    Ok(())
}

pub(crate) fn note_device(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    (device, user_agent): (Digest, &str),
    now: Timestamp,
) -> Result<bool> {
    let number = users::number(tx, tenant, user)?;
    let sql = "UPDATE user_devices SET last = ?3 WHERE user = ?1 AND hash = ?2";
    if tx.prepare_cached(sql)?.execute(params![number, device.0, now.micros()])? == 1 {
        return Ok(false);
    }
    let sql = "DELETE FROM user_devices WHERE user = ?1 AND hash IN (SELECT hash FROM user_devices
        WHERE user = ?1 ORDER BY last DESC, hash LIMIT -1 OFFSET ?2)";
    let kept = columns::signed(MAX_DEVICES_PER_USER - 1);
    tx.prepare_cached(sql)?.execute(params![number, kept])?;
    let sql = "INSERT INTO user_devices (user, hash, first, last, user_agent)
        VALUES (?1, ?2, ?3, ?3, ?4)";
    match tx.prepare_cached(sql)?.execute(params![number, device.0, now.micros(), user_agent])? {
        1 => Ok(true),
        _ => Err(StoreError::Corrupt("browser")),
    }
}

pub(crate) fn devices(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    since: Timestamp,
) -> Result<Vec<KnownDevice>> {
    let sql = "SELECT user_agent, first, last FROM user_devices WHERE user = ?1 AND first >= ?2
        ORDER BY first DESC, hash";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![users::number(tx, tenant, user)?, since.micros()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (first, last) = (columns::time(row, 1)?, columns::time(row, 2)?);
        all.push(KnownDevice { user_agent: row.get(0)?, first, last });
    }
    Ok(all)
}

pub(crate) fn note_place(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    network: &str,
    now: Timestamp,
) -> Result<Option<(String, Timestamp)>> {
    let number = users::number(tx, tenant, user)?;
    let sql = "SELECT network, time FROM user_places WHERE user = ?1";
    let before = tx.prepare_cached(sql)?.query_row([number], |row| Ok((row.get(0)?, row.get(1)?)));
    let before: Option<(String, i64)> = before.optional()?;
    let sql = "INSERT INTO user_places (user, network, time) VALUES (?1, ?2, ?3)
        ON CONFLICT (user) DO UPDATE SET network = ?2, time = ?3";
    tx.prepare_cached(sql)?.execute(params![number, network, now.micros()])?;
    Ok(before.map(|(network, time)| (network, Timestamp::from_micros(time))))
}
