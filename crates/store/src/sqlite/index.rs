//! Putting records into the search index.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt};
use model::{Status, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use super::bits::{BLOCK, Bits};
use super::blocks::{self, LIVE, block_of, offset_of};
use super::labelled::Labelled;
use super::terms::Terms;
use super::{columns, counters, tenants, times};
use crate::{Batch, Entry, Field, MAX_BATCH, Result, StoreError};

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
    let mut writer = Writer::new(tx, tenant, log);
    for entry in batch.entries.iter().skip_while(|entry| entry.position < first) {
        if entry.position != next {
            return Err(StoreError::Gap { expected: next, found: entry.position });
        }
        writer.add(entry)?;
        next += 1;
    }
    writer.finish()?;
    let sql = "UPDATE logs SET indexed = ?2 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![log, columns::signed(next)])?;
    if let Some(counted) = &batch.counters {
        counters::write(tx, tenant, log, &counted.counters, counted.position)?;
    }
    Ok(next)
}

/// Gathers what a batch adds to each set, and writes each once.
struct Writer<'a> {
    tx: &'a Connection,
    tenant: i64,
    log: i64,
    terms: Terms<'a>,
    blocks: BTreeMap<i64, Filling>,
    postings: HashMap<(i64, i64, i64), Vec<u16>>,
    prints: BTreeMap<(i64, Field), Vec<u8>>,
    labelled: Labelled,
}

/// A block that the batch touches.
struct Filling {
    /// The first and the last time in it.
    times: (i64, i64),
    /// The first offset that the batch adds.
    from: usize,
    is_full: bool,
    live: Bits,
}

impl<'a> Writer<'a> {
    fn new(tx: &'a Connection, tenant: i64, log: i64) -> Self {
        Self {
            tx,
            tenant,
            log,
            terms: Terms::new(tx, tenant),
            blocks: BTreeMap::new(),
            postings: HashMap::new(),
            prints: BTreeMap::new(),
            labelled: Labelled::default(),
        }
    }

    fn add(&mut self, entry: &Entry) -> Result<()> {
        let seq = seq(self.log, entry.position)?;
        let begun = self.take_begun(entry)?;
        let (block, offset) = (block_of(seq), offset_of(seq));
        let time = entry.time.micros();
        let filling = self.filling(block, offset)?;
        filling.times = (filling.times.0.min(time), filling.times.1.max(time));
        filling.is_full |= offset + 1 == BLOCK;
        filling.live.insert(offset);
        self.labelled.add(entry);
        self.add_postings(entry, block, offset)?;
        self.add_row(entry, seq, begun)
    }

    /// The block as the index has it; what stands there of an older index is taken out first.
    fn filling(&mut self, block: i64, offset: usize) -> Result<&mut Filling> {
        if !self.blocks.contains_key(&block) {
            let found = blocks::find(self.tx, block)?;
            let mut live = Bits::empty();
            if found.is_some() {
                blocks::add_posting(self.tx, block, LIVE, &mut live)?;
            } else {
                blocks::clear(self.tx, block)?;
            }
            let times = found.unwrap_or((i64::MAX, i64::MIN));
            let filling = Filling { times, from: offset, is_full: false, live };
            self.blocks.insert(block, filling);
        }
        self.blocks.get_mut(&block).ok_or(StoreError::Closed)
    }

    fn add_postings(&mut self, entry: &Entry, block: i64, offset: usize) -> Result<()> {
        for term in &entry.terms {
            let number = self.terms.number(term)?;
            self.post(block, term.0, number, offset);
        }
        if let Some(status) = entry.http_status {
            self.post(block, Field::HttpStatus, i64::from(status), offset);
        }
        for (field, amount) in &entry.amounts {
            for bit in (0..64).filter(|bit| amount >> bit & 1 == 1) {
                self.post(block, *field, bit, offset);
            }
        }
        for (field, print) in &entry.prints {
            let list = self.prints.entry((block, *field)).or_default();
            blocks::push_print(list, *print, offset);
        }
        Ok(())
    }

    fn post(&mut self, block: i64, field: Field, term: i64, offset: usize) {
        self.postings.entry((block, field as i64, term)).or_default().push(offset as u16);
    }

    fn add_row(&mut self, entry: &Entry, seq: i64, begun: Option<i64>) -> Result<()> {
        let sql = "INSERT INTO activity (seq, id, time, kind, effect, status, agent, resource,
                begun)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let mut known = |field, text: &str| self.terms.number(&(field, text.to_owned()));
        let kind = known(Field::Kind, &entry.kind)?;
        let agent = entry.agent.as_deref().map(|text| known(Field::Agent, text)).transpose()?;
        let resource = entry.resource.as_deref().map(|text| known(Field::Resource, text));
        let values = params![
            seq,
            entry.id.as_u128().to_be_bytes(),
            entry.time.micros(),
            kind,
            columns::effect_number(entry.effect),
            columns::status_number(entry.status),
            agent,
            resource.transpose()?,
            begun,
        ];
        self.tx.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// Takes the row of the record that began this action out, and gives its position.
    fn take_begun(&mut self, entry: &Entry) -> Result<Option<i64>> {
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
        self.filling(block_of(begun), offset_of(begun))?.live.remove(offset_of(begun));
        self.tx.prepare_cached("DELETE FROM activity WHERE seq = ?1")?.execute([begun])?;
        Ok(Some(columns::signed(position_of(begun)?)))
    }

    fn finish(self) -> Result<()> {
        self.labelled.write(self.tx, self.tenant)?;
        let mut postings: Vec<_> = self.postings.into_iter().collect();
        // In the order of the table.
        postings.sort_unstable_by_key(|(place, _)| *place);
        for ((block, field, term), offsets) in postings {
            let mut bits = Bits::empty();
            blocks::add_posting(self.tx, block, (field, term), &mut bits)?;
            offsets.iter().for_each(|offset| bits.insert(usize::from(*offset)));
            write_posting(self.tx, block, (field, term), &bits)?;
        }
        for ((block, field), list) in &self.prints {
            let part = self.blocks.get(block).map_or(0, |filling| filling.from);
            blocks::write_prints(self.tx, *block, *field, part as i64, list)?;
        }
        for (block, filling) in &self.blocks {
            write_posting(self.tx, *block, LIVE, &filling.live)?;
            let sql = "INSERT INTO blocks (block, tenant, first, last) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO UPDATE SET first = ?3, last = ?4";
            let (first, last) = filling.times;
            self.tx.prepare_cached(sql)?.execute(params![block, self.tenant, first, last])?;
            if filling.is_full {
                times::keep(self.tx, *block)?;
                for field in [Field::Trace, Field::Request, Field::Response] {
                    blocks::sort_prints(self.tx, *block, field)?;
                }
            }
        }
        Ok(())
    }
}

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
    let sql = "SELECT block FROM blocks WHERE block >= ?1 AND block < ?2 ORDER BY block LIMIT 1";
    let range = params![block_of(first), block_of(end)];
    let whole: Option<i64> =
        tx.prepare_cached(sql)?.query_row(range, |row| row.get(0)).optional()?;
    if let Some(block) = whole {
        blocks::clear(tx, block)?;
        tx.prepare_cached("DELETE FROM blocks WHERE block = ?1")?.execute([block])?;
        return Ok(true);
    }
    forget_part(tx, end)?;
    let sql = "UPDATE logs SET indexed = max(indexed, ?2) WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![log, columns::signed(before)])?;
    Ok(false)
}

/// Forgets what stands in a block before a place in it; the rest of the block stays.
fn forget_part(tx: &Connection, end: i64) -> Result<()> {
    let (block, offset) = (block_of(end), offset_of(end));
    if blocks::find(tx, block)?.is_some() {
        let mut live = Bits::empty();
        blocks::add_posting(tx, block, LIVE, &mut live)?;
        (0..offset).for_each(|gone| live.remove(gone));
        write_posting(tx, block, LIVE, &live)?;
    }
    let sql = "DELETE FROM activity WHERE seq >= ?1 AND seq < ?2";
    tx.prepare_cached(sql)?.execute(params![blocks::seq_of(block, 0), end])?;
    Ok(())
}

fn write_posting(
    tx: &Connection,
    block: i64,
    (field, term): (i64, i64),
    bits: &Bits,
) -> Result<()> {
    let sql = "INSERT INTO postings (block, field, term, bits) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET bits = ?4";
    tx.prepare_cached(sql)?.execute(params![block, field, term, bits.encode()])?;
    Ok(())
}

/// Gives the index of a tenant up, to make it anew. What it held goes block by block as the new
/// one reaches it; nothing is found in it any more.
pub(crate) fn forget(tx: &Connection, tenant: &TenantId) -> Result<()> {
    let number = tenants::number(tx, tenant)?;
    for sql in
        ["DELETE FROM blocks WHERE tenant = ?1", "UPDATE logs SET indexed = 0 WHERE tenant = ?1"]
    {
        tx.execute(sql, [number])?;
    }
    Ok(())
}
