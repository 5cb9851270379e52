//! What `portcullis provider` and `portcullis server` share: both speak of places that agents call.

use serde_json::{Value, json};

use super::agent::done;
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Output, Result};

/// A kind of place, as the admin API names it.
pub(super) struct Places {
    pub(super) one: &'static str,
    pub(super) all: &'static str,
    /// Titles of the list's columns, and the members that fill them.
    pub(super) columns: &'static [(&'static str, &'static str)],
}

impl Places {
    pub(super) fn list(&self, session: &Session<'_>, output: &mut Output) -> Result {
        let places = session.list(&format!("/api/v1/{}", self.all), self.all, 10_000)?;
        if output.json {
            output.value(&Value::Array(places))?;
            return Ok(Exit::Done);
        }
        let flat = |item: &Value| {
            let mut place = item[self.one].clone();
            place["standing"] = item["standing"].clone();
            place
        };
        let places: Vec<Value> = places.iter().map(flat).collect();
        output.table(&Table::of(&places, self.columns))?;
        Ok(Exit::Done)
    }

    /// Asks for an act by its verb; `state` says what comes of it.
    pub(super) fn act(
        &self,
        (verb, state): (&str, &str),
        name: &str,
        reason: &str,
        session: &Session<'_>,
        output: &mut Output,
    ) -> Result {
        let path = format!("/api/v1/{}/{}/{verb}", self.all, encode(name));
        let answer = session.send(&path, &json!({ "reason": reason }))?;
        done(&answer, &format!("{} {name} is {state}", self.one), output)
    }
}
