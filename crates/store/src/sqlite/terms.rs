//! What fields say: texts that postings refer to by number, each once a field and tenant.

use foldhash::{HashMap, HashMapExt};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{Field, Result, StoreError};

/// Values that one pattern may stand for.
const MAX_PATTERN: usize = 20_000;

/// The number of a text that is known.
pub(super) fn find(tx: &Connection, tenant: i64, field: Field, text: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM terms WHERE tenant = ?1 AND field = ?2 AND text = ?3";
    let values = params![tenant, field as i64, text];
    Ok(tx.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?)
}

/// The numbers of the texts that begin so.
pub(super) fn beginning(
    tx: &Connection,
    tenant: i64,
    field: Field,
    start: &str,
) -> Result<Vec<i64>> {
    // Texts are compared as bytes; this follows all that UTF-8 can begin with.
    let end = format!("{start}\u{10ffff}");
    let sql = "SELECT id FROM terms WHERE tenant = ?1 AND field = ?2 AND text >= ?3 AND text < ?4
        LIMIT ?5";
    let values = params![tenant, field as i64, start, end, MAX_PATTERN as i64 + 1];
    let mut statement = tx.prepare_cached(sql)?;
    let found = statement.query_map(values, |row| row.get(0))?;
    let found = found.collect::<Result<Vec<i64>, _>>()?;
    if found.len() > MAX_PATTERN {
        let pattern = format!("{}:{start}*", field.name());
        return Err(StoreError::Query(format!(
            "{pattern:?} stands for more than {MAX_PATTERN} values; write more of it"
        )));
    }
    Ok(found)
}

pub(super) fn text(tx: &Connection, number: i64) -> Result<String> {
    let sql = "SELECT text FROM terms WHERE id = ?1";
    Ok(tx.prepare_cached(sql)?.query_row([number], |row| row.get(0))?)
}

/// Numbers of the texts of one batch: most come again and again.
pub(super) struct Terms<'a> {
    tx: &'a Connection,
    tenant: i64,
    known: HashMap<(Field, String), i64>,
}

impl<'a> Terms<'a> {
    pub(super) fn new(tx: &'a Connection, tenant: i64) -> Self {
        Self { tx, tenant, known: HashMap::new() }
    }

    pub(super) fn number(&mut self, term: &(Field, String)) -> Result<i64> {
        if let Some(number) = self.known.get(term) {
            return Ok(*number);
        }
        let number = match find(self.tx, self.tenant, term.0, &term.1)? {
            Some(number) => number,
            None => self.insert(term)?,
        };
        self.known.insert(term.clone(), number);
        Ok(number)
    }

    fn insert(&self, (field, text): &(Field, String)) -> Result<i64> {
        let sql = "INSERT INTO terms (tenant, field, text) VALUES (?1, ?2, ?3) RETURNING id";
        let values = params![self.tenant, *field as i64, text];
        Ok(self.tx.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
    }
}
