//! When what stands at the positions of a block happened.
//!
//! The rows say it; of a full block all times stand in one piece besides, a few bytes each, since going
//! through eight thousand rows takes a hundred times as long. Rows of a full block never change their
//! time; which of them still count, its sets say.

use model::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::bits::{BLOCK, Bits};
use super::blocks::{offset_of, seq_of};
use super::columns;
use crate::{Result, StoreError};

/// Up to so many rows of a block each is looked up.
const FEW: u64 = 16;
/// And up to so many where the block is not full yet; beyond, all of its rows are read.
const ROWS: u64 = 256;

/// The times of these positions, and their rows.
pub(super) fn times(tx: &Connection, block: i64, of: &Bits) -> Result<Vec<(Timestamp, i64)>> {
    let count = of.count();
    if count <= FEW {
        return each(tx, block, of);
    }
    if let Some(all) = kept(tx, block)? {
        let time = |offset: usize| {
            let time = all.get(offset).ok_or(StoreError::Corrupt("times of a block"))?;
            Ok((Timestamp::from_micros(*time), seq_of(block, offset)))
        };
        return of.iter().map(time).collect();
    }
    if count <= ROWS { each(tx, block, of) } else { rows(tx, block, of) }
}

fn each(tx: &Connection, block: i64, of: &Bits) -> Result<Vec<(Timestamp, i64)>> {
    let mut one = tx.prepare_cached("SELECT time FROM activity WHERE seq = ?1")?;
    let mut found = Vec::new();
    for offset in of.iter() {
        let seq = seq_of(block, offset);
        let time = one.query_row([seq], |row| row.get(0))?;
        found.push((Timestamp::from_micros(time), seq));
    }
    Ok(found)
}

fn rows(tx: &Connection, block: i64, of: &Bits) -> Result<Vec<(Timestamp, i64)>> {
    let sql = "SELECT time, seq FROM activity WHERE seq BETWEEN ?1 AND ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![seq_of(block, 0), seq_of(block + 1, 0) - 1])?;
    let mut found = Vec::new();
    let mut wanted = of.iter().peekable();
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(1)?;
        if wanted.next_if_eq(&offset_of(seq)).is_some() {
            found.push((columns::time(row, 0)?, seq));
        }
    }
    Ok(found)
}

fn kept(tx: &Connection, block: i64) -> Result<Option<Vec<i64>>> {
    let sql = "SELECT times FROM block_times WHERE block = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let found = statement.query_row([block], |row| Ok(row.get_ref(0)?.as_blob().map(decode)));
    match found.optional()? {
        None => Ok(None),
        Some(Ok(Some(times))) => Ok(Some(times)),
        Some(_) => Err(StoreError::Corrupt("times of a block")),
    }
}

/// Keeps the times of a block that is full.
pub(super) fn keep(tx: &Connection, block: i64) -> Result<()> {
    let sql = "SELECT seq, time FROM activity WHERE seq BETWEEN ?1 AND ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![seq_of(block, 0), seq_of(block + 1, 0) - 1])?;
    let mut known: Vec<Option<i64>> = vec![None; BLOCK];
    while let Some(row) = rows.next()? {
        if let Some(time) = known.get_mut(offset_of(row.get(0)?)) {
            *time = Some(row.get(1)?);
        }
    }
    // A position without a row counts for nothing, and costs a byte.
    let mut last = 0;
    let times: Vec<i64> = known
        .into_iter()
        .map(|time| {
            last = time.unwrap_or(last);
            last
        })
        .collect();
    let sql = "INSERT INTO block_times (block, times) VALUES (?1, ?2)
        ON CONFLICT DO UPDATE SET times = ?2";
    tx.prepare_cached(sql)?.execute(params![block, encode(&times)])?;
    Ok(())
}

pub(super) fn forget(tx: &Connection, block: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM block_times WHERE block = ?1")?.execute([block])?;
    Ok(())
}

/// Each as its distance from the one before, in groups of seven bits, the lowest first.
fn encode(times: &[i64]) -> Vec<u8> {
    let (mut bytes, mut last) = (Vec::with_capacity(times.len() * 3), 0_i64);
    for time in times {
        let distance = time.wrapping_sub(last);
        last = *time;
        // The sign goes to the end, so that small steps back are small numbers too.
        let mut left = ((distance << 1) ^ (distance >> 63)) as u64;
        while left >= 0x80 {
            bytes.push(left as u8 | 0x80);
            left >>= 7;
        }
        bytes.push(left as u8);
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Vec<i64>> {
    let (mut times, mut last) = (Vec::with_capacity(BLOCK), 0_i64);
    let (mut number, mut shift) = (0_u64, 0);
    for byte in bytes {
        if shift > 63 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            let distance = (number >> 1) as i64 ^ -((number & 1) as i64);
            last = last.wrapping_add(distance);
            times.push(last);
            (number, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(times)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_come_back_as_they_were(
            times in proptest::collection::vec(prop_oneof![0..9_i64, any::<i64>()], 0..99),
        ) {
            prop_assert_eq!(decode(&encode(&times)), Some(times));
        }

        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..99)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn what_ends_in_the_middle_is_an_error() {
        assert_eq!(decode(&[0x80]), None);
        assert_eq!(decode(&[0xff; 11]), None);
    }
}
