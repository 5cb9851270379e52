//! Putting records into the search index.

use model::{Status, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use super::terms::Terms;
use super::{columns, counters, tenants};
use crate::{Batch, Entry, MAX_BATCH, Result, StoreError};

/// A row's `seq` is its log's number and the record's position there: unique without an index of
/// its own, and the same whenever the index is rebuilt. 2^44 records a log, 2^19 logs.
const POSITION_BITS: u32 = 44;

pub(super) fn seq(log: i64, position: u64) -> Result<i64> {
    let log = u64::try_from(log).ok().filter(|log| *log < 1 << (63 - POSITION_BITS));
    match (log, position < 1 << POSITION_BITS) {
        (Some(log), true) => Ok(columns::signed(log << POSITION_BITS | position)),
        _ => Err(StoreError::Invalid("the index is full; move old logs to an archive")),
    }
}

pub(super) fn log_of(seq: i64) -> i64 {
    seq >> POSITION_BITS
}

pub(super) fn position_of(seq: i64) -> Result<u64> {
    columns::unsigned(seq & ((1 << POSITION_BITS) - 1))
}

/// The number of a tenant's log; a new one begins at position 0.
pub(super) fn log_number(tx: &Connection, tenant: i64, name: &str) -> Result<i64> {
    let insert = "INSERT INTO logs (tenant, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    tx.prepare_cached(insert)?.execute(params![tenant, name])?;
    let select = "SELECT id FROM logs WHERE tenant = ?1 AND name = ?2";
    Ok(tx.prepare_cached(select)?.query_row(params![tenant, name], |row| row.get(0))?)
}

pub(crate) fn position(tx: &Connection, tenant: &TenantId, log: &str) -> Result<u64> {
    let number = tenants::number(tx, tenant)?;
    let sql = "SELECT indexed FROM logs WHERE tenant = ?1 AND name = ?2";
    let found: Option<i64> =
        tx.prepare_cached(sql)?.query_row(params![number, log], |row| row.get(0)).optional()?;
    columns::unsigned(found.unwrap_or(0))
}

pub(crate) fn add(tx: &Connection, batch: &Batch) -> Result<u64> {
    if batch.entries.len() > MAX_BATCH {
        return Err(StoreError::Full { what: "entries of one batch", limit: MAX_BATCH as u64 });
    }
    let tenant = tenants::number(tx, &batch.tenant)?;
    let log = log_number(tx, tenant, &batch.log)?;
    let first = position(tx, &batch.tenant, &batch.log)?;
    let mut next = first;
    let mut writer = Writer { tx, tenant, log, terms: Terms::new(tx, tenant) };
    for entry in batch.entries.iter().skip_while(|entry| entry.position < first) {
        if entry.position != next {
            return Err(StoreError::Gap { expected: next, found: entry.position });
        }
        writer.add(entry)?;
        next += 1;
    }
    let sql = "UPDATE logs SET indexed = ?2 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![log, columns::signed(next)])?;
    if let Some(counted) = &batch.counters {
        counters::write(tx, tenant, log, &counted.counters, counted.position)?;
    }
    Ok(next)
}

struct Writer<'a> {
    tx: &'a Connection,
    tenant: i64,
    log: i64,
    terms: Terms<'a>,
}

impl Writer<'_> {
    fn add(&mut self, entry: &Entry) -> Result<()> {
        let seq = seq(self.log, entry.position)?;
        let begun = self.take_begun(entry)?;
        let sql = "INSERT INTO activity (seq, tenant, id, time, kind, effect, status, agent,
                person, resource, provider, session, begun)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let values = params![
            seq,
            self.tenant,
            entry.id.as_u128().to_be_bytes(),
            entry.time.micros(),
            self.terms.number(&entry.kind)?,
            columns::effect_number(entry.effect),
            columns::status_number(entry.status),
            self.terms.optional(entry.agent.as_deref())?,
            self.terms.optional(entry.person.as_deref())?,
            self.terms.optional(entry.resource.as_deref())?,
            self.terms.optional(entry.provider.as_deref())?,
            self.terms.optional(entry.session.as_deref())?,
            begun,
        ];
        self.tx.prepare_cached(sql)?.execute(values)?;
        entry.findings.iter().try_for_each(|kind| self.add_finding(kind, entry, seq))
    }

    fn add_finding(&mut self, kind: &str, entry: &Entry, seq: i64) -> Result<()> {
        let sql = "INSERT INTO activity_findings (kind, time, seq) VALUES (?1, ?2, ?3)
            ON CONFLICT DO NOTHING";
        let family = kind.split_once('.').map(|(family, _)| family);
        for text in family.into_iter().chain([kind]) {
            let term = self.terms.number(text)?;
            self.tx.prepare_cached(sql)?.execute(params![term, entry.time.micros(), seq])?;
        }
        Ok(())
    }

    /// Takes the row of the record that began this action out, and gives its position.
    fn take_begun(&self, entry: &Entry) -> Result<Option<i64>> {
        if entry.status == Status::Begun {
            return Ok(None);
        }
        let (first, last) = (seq(self.log, 0)?, seq(self.log, entry.position)?);
        let find = "SELECT seq FROM activity INDEXED BY activity_open
            WHERE status = 1 AND id = ?1 AND seq BETWEEN ?2 AND ?3";
        let id = entry.id.as_u128().to_be_bytes();
        let found: Option<i64> = self
            .tx
            .prepare_cached(find)?
            .query_row(params![id, first, last], |row| row.get(0))
            .optional()?;
        let Some(begun) = found else { return Ok(None) };
        self.delete_begun(begun)?;
        Ok(Some(columns::signed(position_of(begun)?)))
    }

    fn delete_begun(&self, seq: i64) -> Result<()> {
        self.tx.prepare_cached("DELETE FROM activity_findings WHERE seq = ?1")?.execute([seq])?;
        self.tx.prepare_cached("DELETE FROM activity WHERE seq = ?1")?.execute([seq])?;
        Ok(())
    }
}

/// Rows that one transaction deletes at most.
const MAX_DELETED: i64 = 10_000;

/// Forgets records that are no longer in the log, some at a time; whether there may be more.
pub(crate) fn forget_before(
    tx: &Connection,
    tenant: &TenantId,
    log: &str,
    before: u64,
) -> Result<bool> {
    let number = tenants::number(tx, tenant)?;
    let log = log_number(tx, number, log)?;
    let (first, end) = (seq(log, 0)?, seq(log, before)?);
    let sql =
        "SELECT seq FROM activity WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT 1 OFFSET ?3";
    let values = params![first, end, MAX_DELETED];
    let next: Option<i64> =
        tx.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    let end = next.unwrap_or(end);
    for sql in [
        "DELETE FROM activity_findings WHERE seq >= ?1 AND seq < ?2",
        "DELETE FROM activity WHERE seq >= ?1 AND seq < ?2",
    ] {
        tx.prepare_cached(sql)?.execute(params![first, end])?;
    }
    if next.is_none() {
        let sql = "UPDATE logs SET indexed = max(indexed, ?2) WHERE id = ?1";
        tx.prepare_cached(sql)?.execute(params![log, columns::signed(before)])?;
    }
    Ok(next.is_some())
}

pub(crate) fn forget(tx: &Connection, tenant: &TenantId) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    for sql in [
        "DELETE FROM activity_findings WHERE kind IN (SELECT id FROM terms WHERE tenant = ?1)",
        "DELETE FROM activity WHERE tenant = ?1",
        "DELETE FROM terms WHERE tenant = ?1",
        "DELETE FROM counters WHERE tenant = ?1",
        "UPDATE logs SET indexed = 0, counted = 0 WHERE tenant = ?1",
    ] {
        tx.execute(sql, [number])?;
    }
    Ok(())
}
