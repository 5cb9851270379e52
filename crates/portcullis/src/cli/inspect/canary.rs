//! `portcullis inspect canary`: values to be planted where only a thief would look.

use clap::Subcommand;
use serde_json::json;

use crate::cli::{Exit, Output, Result};
use crate::keys::random;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a new canary, and what to write into the configuration so that it is watched for
    ///
    /// It looks like a key and opens nothing. Put it where nobody has a reason to look: an .env
    /// file, a wiki page, a row of a table. Whoever sends it through the gate has been there.
    #[command(after_help = "\
Example:
  portcullis inspect canary new
  portcullis inspect canary new 2>/dev/null >> old-server/.env")]
    New,
}

pub(super) fn run(command: &Command, output: &mut Output) -> Result {
    let Command::New = command;
    let canary = inspect::canary(&random()?);
    if output.json {
        output.value(&json!({ "canary": canary, "kind": inspect::CANARY }))?;
        return Ok(Exit::Done);
    }
    output.line(&canary)?;
    output.note(format_args!(
        "\nWatch for it; if the list is there already, add it:\n\n[inspect]\ncanaries = [\"{canary}\"]"
    ));
    Ok(Exit::Done)
}
