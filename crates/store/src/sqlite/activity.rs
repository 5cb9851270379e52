//! Searching the index.

use std::collections::HashMap;

use model::{TenantId, Timestamp};
use rusqlite::{Connection, Row};

use super::filter::Conditions;
use super::times::times;
use super::{blocks, columns, index, tenants, terms};
use crate::{
    Count, Cursor, Field, Filter, Form, Hit, MAX_BINS, MAX_PAGE, MAX_TOP, Page, Result, StoreError,
    Tally, Top,
};

/// Values of a field that one question may tell apart.
const MAX_VALUES: usize = 1 << 20;

pub(crate) fn search(
    tx: &Connection,
    tenant: &TenantId,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Page> {
    let limit = limit.clamp(1, MAX_PAGE);
    let number = tenants::number(tx, tenant)?;
    let Some(conditions) = Conditions::of(tx, number, filter)? else {
        return Ok(Page { hits: Vec::new(), next: None });
    };
    let mut found = newest(tx, number, &conditions, after, limit + 1)?;
    let is_more = found.len() > limit;
    found.truncate(limit);
    let cursor = |(time, seq): &(Timestamp, i64)| Cursor { time: time.micros(), seq: *seq };
    let next = found.last().filter(|_| is_more).map(cursor);
    let hits = found.iter().map(|(_, seq)| hit(tx, *seq)).collect::<Result<_>>()?;
    Ok(Page { hits, next })
}

/// The newest rows after the cursor. Blocks come by their latest time, so once enough rows are
/// later than all that the next block can have, no block holds a newer one.
fn newest(
    tx: &Connection,
    tenant: i64,
    conditions: &Conditions,
    after: Option<Cursor>,
    wanted: usize,
) -> Result<Vec<(Timestamp, i64)>> {
    let after = after.map(|cursor| (Timestamp::from_micros(cursor.time), cursor.seq));
    let mut found: Vec<(Timestamp, i64)> = Vec::new();
    for block in conditions.blocks(tx, tenant)? {
        let last = found.get(wanted - 1);
        if last.is_some_and(|(time, _)| *time > block.last) {
            break;
        }
        if after.is_some_and(|(time, _)| time < block.first) {
            continue;
        }
        let matching = conditions.matches(tx, block.number)?;
        found.extend(
            times(tx, block.number, &matching)?
                .into_iter()
                .filter(|row| conditions.has_time(row.0) && after.is_none_or(|after| *row < after)),
        );
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.truncate(wanted);
    }
    Ok(found)
}

fn hit(tx: &Connection, seq: i64) -> Result<Hit> {
    let sql = "SELECT seq, id, time, kind, effect, status, agent, resource, begun
        FROM activity WHERE seq = ?1";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([seq])?;
    match rows.next()? {
        Some(row) => read_hit(tx, row),
        None => Err(StoreError::Corrupt("set of positions")),
    }
}

fn read_hit(tx: &Connection, row: &Row<'_>) -> Result<Hit> {
    let seq: i64 = row.get(0)?;
    let begun: Option<i64> = row.get(8)?;
    let term = |number: Option<i64>| number.map(|number| terms::text(tx, number)).transpose();
    let sql = "SELECT name FROM logs WHERE id = ?1";
    Ok(Hit {
        log: tx.prepare_cached(sql)?.query_row([index::log_of(seq)], |row| row.get(0))?,
        position: index::position_of(seq)?,
        begun: begun.map(columns::unsigned).transpose()?,
        id: columns::record_id(row, 1)?,
        time: columns::time(row, 2)?,
        kind: terms::text(tx, row.get(3)?)?,
        effect: columns::effect(row, 4)?,
        status: columns::status(row, 5)?,
        agent: term(row.get(6)?)?,
        resource: term(row.get(7)?)?,
    })
}

pub(crate) fn count(
    tx: &Connection,
    tenant: &TenantId,
    filter: &Filter,
    limit: u64,
) -> Result<Count> {
    let number = tenants::number(tx, tenant)?;
    let mut value = 0;
    if let Some(conditions) = Conditions::of(tx, number, filter)? {
        for block in conditions.blocks(tx, number)? {
            value += conditions.count(tx, &block)?;
            if value >= limit {
                return Ok(Count { value: limit, at_least: true });
            }
        }
    }
    Ok(Count { value, at_least: false })
}

pub(crate) fn top(
    tx: &Connection,
    tenant: &TenantId,
    filter: &Filter,
    field: Field,
    most: usize,
) -> Result<Top> {
    if !matches!(field.form(), Form::Term | Form::Code) {
        return Err(StoreError::Query(format!(
            "{} has another value in nearly every record; count by another field",
            field.name()
        )));
    }
    let number = tenants::number(tx, tenant)?;
    let mut counts: HashMap<i64, u64> = HashMap::new();
    if let Some(conditions) = Conditions::of(tx, number, filter)? {
        for block in conditions.blocks(tx, number)? {
            let found = conditions.all(tx, &block)?;
            if found.is_empty() {
                continue;
            }
            blocks::each_posting(tx, block.number, field, 0..=i64::MAX, |term, set| {
                let count = found.count_encoded(set)?;
                if count > 0 {
                    *counts.entry(term).or_default() += count;
                }
                Ok(())
            })?;
            if counts.len() > MAX_VALUES {
                return Err(StoreError::TooSlow);
            }
        }
    }
    greatest(tx, field, counts, most.clamp(1, MAX_TOP))
}

pub(super) fn greatest(
    tx: &Connection,
    field: Field,
    counts: impl IntoIterator<Item = (i64, u64)>,
    most: usize,
) -> Result<Top> {
    let mut sorted: Vec<(i64, u64)> = counts.into_iter().collect();
    // Of equals, the one that was seen first.
    sorted.sort_unstable_by_key(|(term, count)| (std::cmp::Reverse(*count), *term));
    let distinct = sorted.len() as u64;
    sorted.truncate(most);
    let value = |(term, count): (i64, u64)| {
        let text = match field.form() {
            Form::Code => term.to_string(),
            _ => terms::text(tx, term)?,
        };
        Ok(Tally { value: text, count })
    };
    let values = sorted.into_iter().map(value).collect::<Result<_>>()?;
    Ok(Top { values, distinct })
}

pub(crate) fn histogram(
    tx: &Connection,
    tenant: &TenantId,
    filter: &Filter,
    from: Timestamp,
    step: std::time::Duration,
    bins: usize,
) -> Result<Vec<u64>> {
    let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
    let mut counts = vec![0; bins.clamp(1, MAX_BINS)];
    let number = tenants::number(tx, tenant)?;
    let Some(conditions) = Conditions::of(tx, number, filter)? else { return Ok(counts) };
    let bin = |time: Timestamp| time.micros().saturating_sub(from.micros()).div_euclid(step);
    let mut add = |bin: i64, count: u64| {
        let bin = usize::try_from(bin).ok().and_then(|bin| counts.get_mut(bin));
        bin.map(|sum| *sum += count).unwrap_or_default();
    };
    for block in conditions.blocks(tx, number)? {
        let found = conditions.all(tx, &block)?;
        if bin(block.first) == bin(block.last) {
            add(bin(block.first), found.count());
            continue;
        }
        for (time, _) in times(tx, block.number, &found)? {
            add(bin(time), 1);
        }
    }
    Ok(counts)
}
