//! Blocks of the index: for each, which of its positions have which term.
//!
//! Rows of a block stand together, so that a log that grows is written at the end of each table,
//! and a question is answered block by block from sets of a kilobyte at most. A common term costs
//! a bit a record, a rare one two bytes, and no index has to be chosen: sets are cut with sets.

use std::collections::BTreeMap;

use model::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::bits::{BLOCK_BITS, Bits};
use super::{columns, times};
use crate::activity::Print;
use crate::{Field, Result};

/// The set of positions that hold an action's last record, among the terms of its block.
pub(super) const LIVE: (i64, i64) = (0, 0);

/// A block, and the times between which its records lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) number: i64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

pub(super) fn block_of(seq: i64) -> i64 {
    seq >> BLOCK_BITS
}

pub(super) fn offset_of(seq: i64) -> usize {
    (seq & ((1 << BLOCK_BITS) - 1)) as usize
}

pub(super) fn seq_of(block: i64, offset: usize) -> i64 {
    block << BLOCK_BITS | offset as i64
}

/// A tenant's blocks that may hold something of a range of time, the newest first.
pub(super) fn list(
    tx: &Connection,
    tenant: i64,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Vec<Block>> {
    let sql = "SELECT block, first, last FROM blocks
        WHERE tenant = ?1 AND last >= ?2 AND first < ?3 ORDER BY last DESC, block DESC";
    let since = since.map_or(i64::MIN, Timestamp::micros);
    let until = until.map_or(i64::MAX, Timestamp::micros);
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenant, since, until])?;
    let mut blocks = Vec::new();
    while let Some(row) = rows.next()? {
        let (first, last) = (columns::time(row, 1)?, columns::time(row, 2)?);
        blocks.push(Block { number: row.get(0)?, first, last });
    }
    Ok(blocks)
}

/// Adds the positions that have a term to a set; says whether there are any.
pub(super) fn add_posting(
    tx: &Connection,
    block: i64,
    (field, term): (i64, i64),
    bits: &mut Bits,
) -> Result<bool> {
    let sql = "SELECT bits FROM postings WHERE block = ?1 AND field = ?2 AND term = ?3";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![block, field, term])?;
    let Some(row) = rows.next()? else { return Ok(false) };
    bits.add_encoded(columns::bytes(row, 0)?)?;
    Ok(true)
}

/// Hands over the terms of a field from one number to another, each with its encoded set.
pub(super) fn each_posting(
    tx: &Connection,
    block: i64,
    field: Field,
    range: std::ops::RangeInclusive<i64>,
    mut each: impl FnMut(i64, &[u8]) -> Result<()>,
) -> Result<()> {
    let sql = "SELECT term, bits FROM postings
        WHERE block = ?1 AND field = ?2 AND term BETWEEN ?3 AND ?4";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![block, field as i64, range.start(), range.end()])?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?, columns::bytes(row, 1)?)?;
    }
    Ok(())
}

/// Bytes of a print and its offset.
const PRINT: usize = 8;

/// Parts of the prints of a full block.
const SHARDS: u8 = 64;

/// Parts of full blocks have numbers below zero, those that batches bring have theirs from zero on.
fn shard_of(print: &[u8]) -> i64 {
    -1 - i64::from(print.first().map_or(0, |byte| byte % SHARDS))
}

/// Adds the positions that have a print to a set.
pub(super) fn add_prints(
    tx: &Connection,
    block: i64,
    field: Field,
    print: Print,
    bits: &mut Bits,
) -> Result<()> {
    let sql = "SELECT list FROM prints
        WHERE block = ?1 AND field = ?2 AND (part = ?3 OR part >= 0)";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![block, field as i64, shard_of(&print)])?;
    while let Some(row) = rows.next()? {
        for [a, b, c, d, e, f, low, high] in columns::bytes(row, 0)?.as_chunks::<PRINT>().0 {
            if [*a, *b, *c, *d, *e, *f] == print {
                bits.insert(usize::from(u16::from_le_bytes([*low, *high])));
            }
        }
    }
    Ok(())
}

pub(super) fn push_print(list: &mut Vec<u8>, print: Print, offset: usize) {
    list.extend_from_slice(&print);
    list.extend_from_slice(&(offset as u16).to_le_bytes());
}

/// Writes a part of the prints of a block.
pub(super) fn write_prints(
    tx: &Connection,
    block: i64,
    field: Field,
    part: i64,
    list: &[u8],
) -> Result<()> {
    let sql = "INSERT INTO prints (block, field, part, list) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET list = ?4";
    tx.prepare_cached(sql)?.execute(params![block, field as i64, part, list])?;
    Ok(())
}

/// Sorts the prints of a block that is full, so that a look-up reads few of them.
pub(super) fn sort_prints(tx: &Connection, block: i64, field: Field) -> Result<()> {
    let sql = "SELECT list FROM prints WHERE block = ?1 AND field = ?2 AND part >= 0";
    let mut shards: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![block, field as i64])?;
    while let Some(row) = rows.next()? {
        for print in columns::bytes(row, 0)?.as_chunks::<PRINT>().0 {
            shards.entry(shard_of(print)).or_default().extend_from_slice(print);
        }
    }
    drop(rows);
    let sql = "DELETE FROM prints WHERE block = ?1 AND field = ?2 AND part >= 0";
    tx.prepare_cached(sql)?.execute(params![block, field as i64])?;
    shards.iter().try_for_each(|(part, list)| write_prints(tx, block, field, *part, list))
}

/// The times of a block, if it stands in the index.
pub(super) fn find(tx: &Connection, block: i64) -> Result<Option<(i64, i64)>> {
    let sql = "SELECT first, last FROM blocks WHERE block = ?1";
    let times = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(tx.prepare_cached(sql)?.query_row([block], times).optional()?)
}

/// Takes out what an index that was given up left of a block.
pub(super) fn clear(tx: &Connection, block: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM postings WHERE block = ?1")?.execute([block])?;
    tx.prepare_cached("DELETE FROM prints WHERE block = ?1")?.execute([block])?;
    times::forget(tx, block)?;
    let sql = "DELETE FROM activity WHERE seq BETWEEN ?1 AND ?2";
    let last = seq_of(block + 1, 0) - 1;
    tx.prepare_cached(sql)?.execute(params![seq_of(block, 0), last])?;
    Ok(())
}
