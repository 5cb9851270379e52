//! Approvals in SQL. `expired` is never stored: it is a state whose end has passed.

use model::{ApprovalState, Claim, HeldCall, RecordId, TenantId, Timestamp, Vote};
use rusqlite::{Connection, Row, params};

use super::{columns, tenants};
use crate::approvals::KEPT;
use crate::{MAX_APPROVALS, MAX_WAITING, Result, StoreError, StoredApproval};

const SELECT: &str = "SELECT record, state, held, created, ends FROM approvals WHERE tenant = ?1";

fn key(record: RecordId) -> [u8; 16] {
    record.as_u128().to_be_bytes()
}

pub(crate) fn claim(
    tx: &Connection,
    tenant: &TenantId,
    held: &HeldCall,
    now: Timestamp,
    ends: Timestamp,
) -> Result<Claim> {
    let number = tenants::number(tx, tenant)?;
    let Some(found) = current(tx, number, held, now)? else {
        return open(tx, number, held, now, ends);
    };
    let record = found.held.record;
    match found.state {
        ApprovalState::Waiting => Ok(Claim::Waiting { record, ends: found.ends }),
        ApprovalState::Denied => {
            let said = found.votes.into_iter().find(|vote| !vote.approves);
            Ok(Claim::Denied { record, reason: said.map_or_else(String::new, |vote| vote.reason) })
        }
        _ => {
            set_state(tx, record, ApprovalState::Used, now)?;
            Ok(Claim::Granted { record, votes: found.votes })
        }
    }
}

/// What counts for a call now: it waits, or was decided and neither used nor forgotten.
fn current(
    tx: &Connection,
    tenant: i64,
    held: &HeldCall,
    now: Timestamp,
) -> Result<Option<StoredApproval>> {
    let sql =
        format!("{SELECT} AND call = ?2 AND ends > ?3 AND state <> 'used' ORDER BY ends DESC");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tenant, held.call.0, now.micros()])?;
    rows.next()?.map(|row| from_row(tx, row, now)).transpose()
}

fn open(
    tx: &Connection,
    tenant: i64,
    held: &HeldCall,
    now: Timestamp,
    ends: Timestamp,
) -> Result<Claim> {
    forget(tx, tenant, now)?;
    if !has_room(tx, tenant, held, now)? {
        return Ok(Claim::Crowded);
    }
    let sql = "INSERT INTO approvals (record, tenant, call, agent, state, held, created, ends)
        VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, ?6, ?7)";
    let text = serde_json::to_string(held).map_err(|error| StoreError::Database(error.into()))?;
    tx.prepare_cached(sql)?.execute(params![
        key(held.record),
        tenant,
        held.call.0,
        held.agent.as_str(),
        text,
        now.micros(),
        ends.micros()
    ])?;
    Ok(Claim::Waiting { record: held.record, ends })
}

/// Removes what ended long ago.
fn forget(tx: &Connection, tenant: i64, now: Timestamp) -> Result<()> {
    let kept = i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX);
    let sql = "DELETE FROM approvals WHERE tenant = ?1 AND ends < ?2";
    tx.prepare_cached(sql)?.execute(params![tenant, now.micros().saturating_sub(kept)])?;
    Ok(())
}

fn has_room(tx: &Connection, tenant: i64, held: &HeldCall, now: Timestamp) -> Result<bool> {
    let waiting = "SELECT count(*) FROM approvals
        WHERE tenant = ?1 AND agent = ?2 AND state = 'waiting' AND ends > ?3";
    let values = params![tenant, held.agent.as_str(), now.micros()];
    let waiting: i64 = tx.prepare_cached(waiting)?.query_row(values, |row| row.get(0))?;
    let all = tenants::rows(tx, tenant, "approvals")? as u64;
    Ok(columns::unsigned(waiting)? < MAX_WAITING && all < MAX_APPROVALS)
}

fn set_state(
    tx: &Connection,
    record: RecordId,
    state: ApprovalState,
    ends: Timestamp,
) -> Result<()> {
    let sql = "UPDATE approvals SET state = ?2, ends = ?3 WHERE record = ?1";
    tx.prepare_cached(sql)?.execute(params![key(record), state.as_str(), ends.micros()])?;
    Ok(())
}

pub(crate) fn vote(
    tx: &Connection,
    tenant: &TenantId,
    record: RecordId,
    vote: &Vote,
    ends: Timestamp,
) -> Result<StoredApproval> {
    let before = one(tx, tenant, record, vote.time)?;
    if before.state != ApprovalState::Waiting {
        return Err(StoreError::Settled(before.state.as_str()));
    }
    if before.votes.iter().any(|other| other.who == vote.who) {
        return Err(StoreError::Settled("waiting for somebody else, since you approved it"));
    }
    let sql = "INSERT INTO approval_votes (record, who, approves, reason, time)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![key(record), vote.who, vote.approves, vote.reason, vote.time.micros()];
    tx.prepare_cached(sql)?.execute(values)?;
    let approvals = before.votes.len() + 1;
    if !vote.approves {
        set_state(tx, record, ApprovalState::Denied, ends)?;
    } else if approvals >= usize::from(before.held.needed) {
        set_state(tx, record, ApprovalState::Approved, ends)?;
    }
    one(tx, tenant, record, vote.time)
}

pub(crate) fn one(
    tx: &Connection,
    tenant: &TenantId,
    record: RecordId,
    now: Timestamp,
) -> Result<StoredApproval> {
    let number = tenants::number(tx, tenant)?;
    let mut statement = tx.prepare_cached(&format!("{SELECT} AND record = ?2"))?;
    let mut rows = statement.query(params![number, key(record)])?;
    let row = rows.next()?.ok_or_else(|| StoreError::not_found("held call", record))?;
    from_row(tx, row, now)
}

pub(crate) fn list(
    tx: &Connection,
    tenant: &TenantId,
    state: Option<ApprovalState>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<StoredApproval>> {
    let number = tenants::number(tx, tenant)?;
    let wanted = match state {
        None => "?2 IS NULL AND ?3 IS NOT NULL",
        Some(ApprovalState::Expired) => {
            "?2 IS NOT NULL AND state IN ('waiting', 'approved') AND ends <= ?3"
        }
        Some(ApprovalState::Waiting | ApprovalState::Approved) => "state = ?2 AND ends > ?3",
        Some(_) => "state = ?2 AND ?3 IS NOT NULL",
    };
    let sql = format!("{SELECT} AND {wanted} ORDER BY created DESC, record LIMIT ?4");
    let mut statement = tx.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let state = state.map(ApprovalState::as_str);
    let mut rows = statement.query(params![number, state, now.micros(), limit])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(from_row(tx, row, now)?);
    }
    Ok(all)
}

fn from_row(tx: &Connection, row: &Row<'_>, now: Timestamp) -> Result<StoredApproval> {
    let record = columns::record_id(row, 0)?;
    let stored = row.get_ref(1)?.as_str().ok().and_then(|text| text.parse().ok());
    let stored: ApprovalState = stored.ok_or(StoreError::Corrupt("state of an approval"))?;
    let ends = columns::time(row, 4)?;
    let is_open = matches!(stored, ApprovalState::Waiting | ApprovalState::Approved);
    let held = row.get_ref(2)?.as_str().ok().and_then(|text| serde_json::from_str(text).ok());
    Ok(StoredApproval {
        held: held.ok_or(StoreError::Corrupt("held call"))?,
        state: if is_open && ends <= now { ApprovalState::Expired } else { stored },
        created: columns::time(row, 3)?,
        ends,
        votes: votes(tx, record)?,
    })
}

fn votes(tx: &Connection, record: RecordId) -> Result<Vec<Vote>> {
    let sql = "SELECT who, approves, reason, time FROM approval_votes WHERE record = ?1
        ORDER BY time, who";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([key(record)])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Vote {
            who: row.get(0)?,
            approves: row.get(1)?,
            reason: row.get(2)?,
            time: columns::time(row, 3)?,
        });
    }
    Ok(all)
}
