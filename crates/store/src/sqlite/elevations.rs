//! Elevations in SQL. What time has ended is read as ended, whether or not it was settled yet.

use model::{TenantId, Timestamp};
use rusqlite::{Connection, Row, params};

use super::{columns, tenants, users};
use crate::{
    ELEVATIONS_KEPT, Elevated, ElevationJudge, ElevationState, ElevationWay, MAX_ELEVATIONS,
    MAX_OPEN_ELEVATIONS, NewElevation, Result, StoreError, StoredElevation, WhichElevations,
};

const SELECT: &str =
    "SELECT elevations.id, coalesce(users.name, elevations.name), role, way, state,
    seconds, reason, elevations.created, starts, ends, decided_by, decision, ended_by, reviewed,
    reviewed_by, review
    FROM elevations LEFT JOIN users ON users.id = elevations.user WHERE elevations.tenant = ?1";

fn from_row(row: &Row<'_>, now: Timestamp) -> Result<StoredElevation> {
    let stored = row.get_ref(4)?.as_str().ok().and_then(ElevationState::parse);
    let stored = stored.ok_or(StoreError::Corrupt("state of an elevation"))?;
    let ends = columns::time(row, 9)?;
    let way = match row.get_ref(3)?.as_str() {
        Ok("request") => ElevationWay::Request,
        Ok("break_glass") => ElevationWay::BreakGlass,
        _ => return Err(StoreError::Corrupt("way of an elevation")),
    };
    Ok(StoredElevation {
        id: row.get(0)?,
        user: columns::name(row, 1)?,
        role: row.get(2)?,
        way,
        state: state_at(stored, ends, now),
        seconds: columns::count(row, 5)?,
        reason: row.get(6)?,
        created: columns::time(row, 7)?,
        starts: columns::optional_time(row, 8)?,
        ends,
        decided_by: row.get(10)?,
        decision: row.get(11)?,
        ended_by: row.get(12)?,
        reviewed: columns::optional_time(row, 13)?,
        reviewed_by: row.get(14)?,
        review: row.get(15)?,
    })
}

fn state_at(stored: ElevationState, ends: Timestamp, now: Timestamp) -> ElevationState {
    match stored {
        ElevationState::Waiting if ends <= now => ElevationState::Lapsed,
        ElevationState::Active if ends <= now => ElevationState::Ended,
        other => other,
    }
}

pub(crate) fn ask(
    tx: &Connection,
    tenant: &TenantId,
    new: &NewElevation,
    lapses: Timestamp,
    now: Timestamp,
) -> Result<StoredElevation> {
    let state = ElevationState::Waiting;
    add(tx, tenant, new, ElevationWay::Request, (state, None, lapses), now)
}

pub(crate) fn break_glass(
    tx: &Connection,
    tenant: &TenantId,
    new: &NewElevation,
    now: Timestamp,
) -> Result<StoredElevation> {
    let counts = (ElevationState::Active, Some(now), now.plus(new.span));
    add(tx, tenant, new, ElevationWay::BreakGlass, counts, now)
}

fn add(
    tx: &Connection,
    tenant: &TenantId,
    new: &NewElevation,
    way: ElevationWay,
    (state, starts, ends): (ElevationState, Option<Timestamp>, Timestamp),
    now: Timestamp,
) -> Result<StoredElevation> {
    let number = tenants::number(tx, tenant)?;
    let user = users::number(tx, tenant, &new.user)?;
    forget(tx, number, now)?;
    tenants::check_room(tx, number, ("elevations", "elevations"), MAX_ELEVATIONS)?;
    check_open(tx, user, new, way, now)?;
    let sql = "INSERT INTO elevations
        (id, tenant, user, name, role, way, state, seconds, reason, created, starts, ends)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    tx.prepare_cached(sql)?.execute(params![
        new.id,
        number,
        user,
        new.user.as_str(),
        new.role,
        way.as_str(),
        state.as_str(),
        columns::signed(new.span.as_secs()),
        new.reason,
        now.micros(),
        starts.map(Timestamp::micros),
        ends.micros(),
    ])?;
    one(tx, tenant, &new.id, now)
}

/// A role is asked for once at a time, and so is it taken.
fn check_open(
    tx: &Connection,
    user: i64,
    new: &NewElevation,
    way: ElevationWay,
    now: Timestamp,
) -> Result<()> {
    let sql = "SELECT role, way FROM elevations
        WHERE user = ?1 AND state IN ('waiting', 'active') AND ends > ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![user, now.micros()])?;
    let mut open = 0;
    while let Some(row) = rows.next()? {
        open += 1;
        let (role, other): (String, String) = (row.get(0)?, row.get(1)?);
        if role == new.role && other == way.as_str() {
            return Err(StoreError::exists("open elevation to", &new.role));
        }
    }
    if open >= MAX_OPEN_ELEVATIONS {
        let what = "open elevations of one user";
        return Err(StoreError::Full { what, limit: MAX_OPEN_ELEVATIONS });
    }
    Ok(())
}

/// What nobody has to review any more goes after a while.
fn forget(tx: &Connection, tenant: i64, now: Timestamp) -> Result<()> {
    let sql = "DELETE FROM elevations WHERE tenant = ?1 AND ends < ?2
        AND state NOT IN ('waiting', 'active') AND (way = 'request' OR reviewed IS NOT NULL)";
    tx.prepare_cached(sql)?.execute(params![tenant, now.minus(ELEVATIONS_KEPT).micros()])?;
    Ok(())
}

pub(crate) fn decide(
    tx: &Connection,
    tenant: &TenantId,
    id: &str,
    judge: &ElevationJudge,
    approves: bool,
    now: Timestamp,
) -> Result<StoredElevation> {
    let before = one(tx, tenant, id, now)?;
    if before.state != ElevationState::Waiting {
        return Err(StoreError::Settled(before.state.as_str()));
    }
    refuse_own(&before, judge)?;
    let sql = "UPDATE elevations SET state = ?2, starts = ?3, ends = ?4, decided_by = ?5,
        decision = ?6 WHERE id = ?1";
    let counted = approves.then_some(now.micros());
    let ends = match approves {
        true => now.plus(std::time::Duration::from_secs(before.seconds)),
        false => now,
    };
    let state = if approves { ElevationState::Active } else { ElevationState::Denied };
    let values = params![id, state.as_str(), counted, ends.micros(), judge.who, judge.reason];
    tx.prepare_cached(sql)?.execute(values)?;
    one(tx, tenant, id, now)
}

/// The guard asks the policies; this holds whatever they say.
fn refuse_own(elevation: &StoredElevation, judge: &ElevationJudge) -> Result<()> {
    if judge.person.as_ref() == Some(&elevation.user) {
        return Err(StoreError::Settled("your own: somebody else decides on it"));
    }
    Ok(())
}

pub(crate) fn end(
    tx: &Connection,
    tenant: &TenantId,
    id: &str,
    who: &str,
    now: Timestamp,
) -> Result<StoredElevation> {
    let before = one(tx, tenant, id, now)?;
    let state = match before.state {
        ElevationState::Waiting => ElevationState::Withdrawn,
        ElevationState::Active => ElevationState::Ended,
        other => return Err(StoreError::Settled(other.as_str())),
    };
    let sql = "UPDATE elevations SET state = ?2, ends = ?3, ended_by = ?4 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![id, state.as_str(), now.micros(), who])?;
    one(tx, tenant, id, now)
}

/// Ends whatever a user has open: they are let in no more.
pub(super) fn end_all_of(tx: &Connection, user: i64, now: Timestamp) -> Result<()> {
    let sql = "UPDATE elevations SET ends = min(ends, ?2),
        state = CASE state WHEN 'waiting' THEN 'withdrawn' ELSE 'ended' END
        WHERE user = ?1 AND state IN ('waiting', 'active')";
    tx.prepare_cached(sql)?.execute(params![user, now.micros()])?;
    Ok(())
}

pub(crate) fn sign_off(
    tx: &Connection,
    tenant: &TenantId,
    id: &str,
    judge: &ElevationJudge,
    now: Timestamp,
) -> Result<StoredElevation> {
    let before = one(tx, tenant, id, now)?;
    if before.way != ElevationWay::BreakGlass {
        return Err(StoreError::Settled("approved beforehand, so nobody signs it off"));
    }
    if before.state == ElevationState::Active {
        return Err(StoreError::Settled("still active: end it first, or wait for its end"));
    }
    if before.reviewed.is_some() {
        return Err(StoreError::Settled("signed off already"));
    }
    refuse_own(&before, judge)?;
    let sql = "UPDATE elevations SET reviewed = ?2, reviewed_by = ?3, review = ?4 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![id, now.micros(), judge.who, judge.reason])?;
    one(tx, tenant, id, now)
}

pub(crate) fn settle(
    tx: &Connection,
    tenant: &TenantId,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<StoredElevation>> {
    let number = tenants::number(tx, tenant)?;
    let sql = format!(
        "{SELECT} AND state IN ('waiting', 'active') AND ends <= ?2 ORDER BY ends LIMIT ?3"
    );
    let values = params![number, now.micros(), columns::signed(limit as u64)];
    let over = read(tx, &sql, values, now)?;
    let sql = "UPDATE elevations SET state = ?2 WHERE id = ?1";
    for one in &over {
        tx.prepare_cached(sql)?.execute(params![one.id, one.state.as_str()])?;
    }
    Ok(over)
}

fn read(
    tx: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
    now: Timestamp,
) -> Result<Vec<StoredElevation>> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(from_row(row, now)?);
    }
    Ok(all)
}

pub(crate) fn one(
    tx: &Connection,
    tenant: &TenantId,
    id: &str,
    now: Timestamp,
) -> Result<StoredElevation> {
    let number = tenants::number(tx, tenant)?;
    let sql = format!("{SELECT} AND elevations.id = ?2");
    let found = read(tx, &sql, params![number, id], now)?.pop();
    found.ok_or_else(|| StoreError::not_found("elevation", id))
}

pub(crate) fn list(
    tx: &Connection,
    tenant: &TenantId,
    which: WhichElevations,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<StoredElevation>> {
    let number = tenants::number(tx, tenant)?;
    let wanted = match which {
        WhichElevations::All => "?2 IS NOT NULL",
        WhichElevations::Open => "state IN ('waiting', 'active') AND ends > ?2",
        WhichElevations::BrokenGlass => "state = 'active' AND way = 'break_glass' AND ends > ?2",
        WhichElevations::Unreviewed => {
            "way = 'break_glass' AND reviewed IS NULL AND ?2 IS NOT NULL"
        }
    };
    let sql =
        format!("{SELECT} AND {wanted} ORDER BY elevations.created DESC, elevations.id LIMIT ?3");
    read(tx, &sql, params![number, now.micros(), columns::signed(limit as u64)], now)
}

/// The roles that a user holds for a time; whether they count at a moment is for who asks.
pub(super) fn of_user(tx: &Connection, user: i64) -> Result<Vec<Elevated>> {
    let sql = "SELECT id, role, starts, ends FROM elevations
        WHERE user = ?1 AND state = 'active' AND starts IS NOT NULL ORDER BY role, id";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([user])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (starts, ends) = (columns::time(row, 2)?, columns::time(row, 3)?);
        all.push(Elevated { id: row.get(0)?, role: row.get(1)?, starts, ends });
    }
    Ok(all)
}
