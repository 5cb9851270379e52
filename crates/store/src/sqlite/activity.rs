//! Searching the index.

use model::TenantId;
use rusqlite::{Connection, Row, params_from_iter};

use super::filter::Conditions;
use super::{columns, index, tenants};
use crate::{Count, Cursor, Filter, Hit, MAX_PAGE, Page, Result};

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
    let (sql, values) = conditions.page(after, limit + 1);
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut hits = Vec::new();
    let mut last = None;
    while let Some(row) = rows.next()? {
        if hits.len() == limit {
            return Ok(Page { hits, next: last });
        }
        last = Some(Cursor { time: row.get(2)?, seq: row.get(0)? });
        hits.push(hit(tx, row)?);
    }
    Ok(Page { hits, next: None })
}

fn hit(tx: &Connection, row: &Row<'_>) -> Result<Hit> {
    let seq: i64 = row.get(0)?;
    let begun: Option<i64> = row.get(8)?;
    Ok(Hit {
        log: text(tx, "SELECT name FROM logs WHERE id = ?1", index::log_of(seq))?,
        position: index::position_of(seq)?,
        begun: begun.map(columns::unsigned).transpose()?,
        id: columns::record_id(row, 1)?,
        time: columns::time(row, 2)?,
        kind: term(tx, row.get(3)?)?,
        effect: columns::effect(row, 4)?,
        status: columns::status(row, 5)?,
        agent: row.get::<_, Option<i64>>(6)?.map(|number| term(tx, number)).transpose()?,
        resource: row.get::<_, Option<i64>>(7)?.map(|number| term(tx, number)).transpose()?,
    })
}

fn term(tx: &Connection, number: i64) -> Result<String> {
    text(tx, "SELECT text FROM terms WHERE id = ?1", number)
}

fn text(tx: &Connection, sql: &str, number: i64) -> Result<String> {
    Ok(tx.prepare_cached(sql)?.query_row([number], |row| row.get(0))?)
}

pub(crate) fn count(
    tx: &Connection,
    tenant: &TenantId,
    filter: &Filter,
    limit: u64,
) -> Result<Count> {
    let number = tenants::number(tx, tenant)?;
    let Some(conditions) = Conditions::of(tx, number, filter)? else {
        return Ok(Count { value: 0, at_least: false });
    };
    let (sql, values) = conditions.count(limit);
    let value: i64 =
        tx.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
    let value = columns::unsigned(value)?;
    Ok(Count { value, at_least: value >= limit })
}
