//! `portcullis tenant`: who this instance serves.

use clap::Subcommand;
use serde_json::{Value, json};

use super::session::Session;
use super::table::Table;
use super::{Exit, Output, Result};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the tenants that are served now
    #[command(after_help = "Example:\n  portcullis tenant list")]
    List,
}

pub(super) fn run(_: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    let answer = session.read("/api/v1/tenants")?;
    let names = answer["tenants"].as_array().cloned().unwrap_or_default();
    if output.json {
        output.value(&Value::Array(names))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Value> = names.into_iter().map(|name| json!({ "name": name })).collect();
    output.table(&Table::of(&rows, &[("name", "name")]))?;
    Ok(Exit::Done)
}
