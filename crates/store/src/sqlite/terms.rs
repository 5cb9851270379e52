//! Texts that rows refer to by number, each once a tenant.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::Result;

/// The number of a text that is known.
pub(super) fn find(tx: &Connection, tenant: i64, text: &str) -> Result<Option<i64>> {
    let sql = "SELECT id FROM terms WHERE tenant = ?1 AND text = ?2";
    Ok(tx.prepare_cached(sql)?.query_row(params![tenant, text], |row| row.get(0)).optional()?)
}

/// Numbers of the texts of one batch: most come again and again.
pub(super) struct Terms<'a> {
    tx: &'a Connection,
    tenant: i64,
    known: HashMap<String, i64>,
}

impl<'a> Terms<'a> {
    pub(super) fn new(tx: &'a Connection, tenant: i64) -> Self {
        Self { tx, tenant, known: HashMap::new() }
    }

    pub(super) fn number(&mut self, text: &str) -> Result<i64> {
        if let Some(number) = self.known.get(text) {
            return Ok(*number);
        }
        let number = match find(self.tx, self.tenant, text)? {
            Some(number) => number,
            None => self.insert(text)?,
        };
        self.known.insert(text.to_owned(), number);
        Ok(number)
    }

    pub(super) fn optional(&mut self, text: Option<&str>) -> Result<Option<i64>> {
        text.map(|text| self.number(text)).transpose()
    }

    fn insert(&self, text: &str) -> Result<i64> {
        let sql = "INSERT INTO terms (tenant, text) VALUES (?1, ?2) RETURNING id";
        let values = params![self.tenant, text];
        Ok(self.tx.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
    }
}
