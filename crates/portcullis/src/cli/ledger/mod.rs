//! `portcullis ledger`: the log.

mod archive;
mod csv;
mod export;
mod hold;
mod payload;
mod reindex;
mod remote;
mod search;
mod verify;

use clap::Subcommand;
use model::RecordId;
use serde_json::Value;

use super::session::Session;
use super::table::Table;
use super::{Exit, Output, Result};
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a log: every record, tile and checkpoint. Needs no instance, and trusts none
    #[command(
        after_help = "Example:\n  portcullis ledger verify portcullis-data/ledger/main --vkey gate.vkey\n  portcullis ledger verify https://gate.example.com:4180/ledger/main --vkey gate.vkey --witness w1.vkey\n\nExit status 3 says that something does not fit, or that the end or the records are not proved."
    )]
    Verify(verify::Arguments),
    /// Search the activity records, newest first
    #[command(
        after_help = "Example:\n  portcullis ledger search --agent support-bot --effect deny --since 7d\n  portcullis ledger search 'finding:secret,pii -zone:test \"not granted\" cost_usd:>0.1'\n  portcullis ledger search effect:deny --top agent"
    )]
    Search(search::Arguments),
    /// Show one record, as it stands in the log
    #[command(
        after_help = "Example:\n  portcullis ledger show act_0190c2f0-0000-7000-8000-000000000000"
    )]
    Show { id: RecordId },
    /// Print the proof that a record is in the log
    #[command(
        after_help = "Example:\n  portcullis ledger prove act_0190c2f0-0000-7000-8000-000000000000 > proof.json"
    )]
    Prove { id: RecordId },
    /// Write records, one a line, newest first
    #[command(
        after_help = "Example:\n  portcullis ledger export --since 2026-11-01T00:00:00Z > november.jsonl\n  portcullis ledger export effect:deny --format csv > refused.csv\n  portcullis ledger export --agent support-bot --bundle evidence.tar"
    )]
    Export(export::Arguments),
    /// Show what was kept of an action's request and response; that leaves a record
    #[command(
        after_help = "Example:\n  portcullis ledger payload act_0190c2f0-0000-7000-8000-000000000000 --request"
    )]
    Payload(payload::Payload),
    /// Destroy the keys to what was kept of an agent or a person, for good
    #[command(
        after_help = "Example:\n  portcullis ledger erase --person ann@example.com --reason \"asked to, case 12\"\n\nThe records stay and still verify; what they refer to can never be read again."
    )]
    Erase(payload::Erase),
    /// Keys: exchange those of one level
    #[command(subcommand, after_help = "Example:\n  portcullis ledger keys rotate data")]
    Keys(payload::Keys),
    /// Copy the log to another place, checked as it is made; the next time, what is new
    #[command(
        after_help = "Example:\n  portcullis ledger archive --to /mnt/archive/gate\n  portcullis ledger archive --to s3://logs/gate/main\n\nNeeds no instance; the one that writes the log may run meanwhile."
    )]
    Archive(archive::Archive),
    /// Bring an archived log back into an empty folder, and verify it
    #[command(
        after_help = "Example:\n  portcullis ledger restore --from s3://logs/gate/main --to restored --vkey gate.vkey"
    )]
    Restore(archive::Restore),
    /// Legal holds: what retention and erasure leave alone
    #[command(subcommand, after_help = "Example:\n  portcullis ledger hold list")]
    Hold(hold::Command),
    /// Let go what was kept long enough, by [[retention]] of the configuration
    #[command(after_help = "Example:\n  portcullis ledger retain --now")]
    Retain(hold::Retain),
    /// Where records are sent as they are written, and how far each has come
    #[command(after_help = "Example:\n  portcullis ledger exports")]
    Exports,
    /// Make the search index anew from the log, and say how far it has come
    #[command(after_help = "Example:\n  portcullis ledger reindex")]
    Reindex,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Verify(arguments) => verify::run(arguments, session, output),
        Command::Search(arguments) => search::run(arguments, session, output),
        Command::Show { id } => value(&session.read(&format!("/api/v1/records/{id}"))?, output),
        Command::Prove { id } => {
            value(&session.read(&format!("/api/v1/records/{id}/proof"))?, output)
        }
        Command::Export(arguments) => export::run(arguments, session, output),
        Command::Payload(arguments) => payload::payload(arguments, session, output),
        Command::Erase(arguments) => payload::erase(arguments, session, output),
        Command::Keys(command) => payload::keys(command, session, output),
        Command::Archive(arguments) => archive::archive(arguments, session, output),
        Command::Restore(arguments) => archive::restore(arguments, session, output),
        Command::Hold(command) => hold::run(command, session, output),
        Command::Retain(arguments) => hold::retain(arguments, session, output),
        Command::Exports => exports(session, output),
        Command::Reindex => reindex::run(session, output),
    }
}

fn exports(session: &Session<'_>, output: &mut Output) -> Result {
    let answer = session.read("/api/v1/exports")?;
    let exports = answer["exports"].as_array().cloned().unwrap_or_default();
    match (output.json, exports.is_empty()) {
        (true, _) => output.value(&Value::Array(exports))?,
        (false, true) => output.note("no export is configured; [[export]] adds one"),
        (false, false) => {
            let columns = ["name", "kind", "state", "behind", "sent", "failures", "error"];
            output.table(&Table::of(&exports, &columns.map(|name| (name, name))))?;
        }
    }
    Ok(Exit::Done)
}

fn value(value: &Value, output: &mut Output) -> Result {
    // JSON escapes control characters but not those that turn the text around.
    let text = if output.json { format!("{value:#}") } else { shown(&format!("{value:#}")) };
    output.line(text)?;
    Ok(Exit::Done)
}

fn shown(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}
