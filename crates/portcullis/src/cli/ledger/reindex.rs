//! `portcullis ledger reindex`: the search index, made anew from the log.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::session::Session;
use crate::cli::{Exit, Output, Result};

/// How often the instance is asked how far it has come.
const EVERY: Duration = Duration::from_millis(500);

/// Waits until the index holds what the log held at the start.
pub(super) fn run(session: &Session<'_>, output: &mut Output) -> Result {
    let begun = session.send("/api/v1/index/rebuild", &json!({}))?;
    let goal = begun["size"].as_u64().unwrap_or(0);
    loop {
        let state = session.read("/api/v1/index")?;
        let indexed = state["indexed"].as_u64().unwrap_or(0);
        if indexed >= goal {
            return done(&state, output);
        }
        output.note(format_args!("{indexed} of {goal} records are in the index"));
        std::thread::sleep(EVERY); // pause: between two looks at how far it has come
    }
}

fn done(state: &Value, output: &mut Output) -> Result {
    match output.json {
        true => output.value(state)?,
        false => output.line(format_args!("the index holds {} records", state["indexed"]))?,
    }
    Ok(Exit::Done)
}
