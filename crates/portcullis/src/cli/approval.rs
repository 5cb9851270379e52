//! `portcullis approval`: calls that wait for a person.

use clap::Subcommand;
use serde_json::{Value, json};

use super::agent::done;
use super::session::Session;
use super::table::Table;
use super::{Exit, Output, Result};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the calls that wait, the newest first
    #[command(
        after_help = "Example:\n  portcullis approval list\n  portcullis approval list --state denied"
    )]
    List {
        /// waiting, approved, denied, used, expired or all
        #[arg(long, default_value = "waiting", value_parser = STATES)]
        state: String,
    },
    /// Show one: who, for whom, what exactly, and why it is held
    #[command(
        after_help = "Example:\n  portcullis approval show act_0190c2f0-0000-7000-8000-000000000000"
    )]
    Show {
        /// Its number, as the agent's error and the list give it
        record: model::RecordId,
    },
    /// Let a call be made, once
    #[command(
        after_help = "Example:\n  portcullis approval approve act_0190c2f0-0000-7000-8000-000000000000"
    )]
    Approve {
        /// Its number
        record: model::RecordId,
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Refuse a call; the agent's developer is told why
    #[command(
        after_help = "Example:\n  portcullis approval deny act_0190c2f0-0000-7000-8000-000000000000 --reason \"not this account\""
    )]
    Deny {
        /// Its number
        record: model::RecordId,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

const STATES: [&str; 6] = ["waiting", "approved", "denied", "used", "expired", "all"];

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::List { state } => list(state, session, output),
        Command::Show { record } => show(&record.to_string(), session, output),
        Command::Approve { record, reason } => {
            let answer = say(&record.to_string(), "approve", reason, session)?;
            let text = match answer["state"].as_str() {
                Some("waiting") => "noted; another person must approve it too",
                _ => "approved: the agent may send this call again, once",
            };
            done(&answer, text, output)
        }
        Command::Deny { record, reason } => {
            let answer = say(&record.to_string(), "deny", reason, session)?;
            done(&answer, "refused", output)
        }
    }
}

fn say(
    record: &str,
    what: &str,
    reason: &str,
    session: &Session<'_>,
) -> std::result::Result<Value, super::Failure> {
    session.send(&format!("/api/v1/approvals/{record}/{what}"), &json!({ "reason": reason }))
}

fn list(state: &str, session: &Session<'_>, output: &mut Output) -> Result {
    let path = match state {
        "all" => "/api/v1/approvals".to_owned(),
        state => format!("/api/v1/approvals?state={state}"),
    };
    let answer = session.read(&path)?;
    if output.json {
        output.value(&answer["approvals"])?;
        return Ok(Exit::Done);
    }
    let found = answer["approvals"].as_array().cloned().unwrap_or_default();
    if found.is_empty() {
        output.note("no call waits for approval");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["record", "state", "agent", "for", "call", "why", "ends"]);
    for one in &found {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        table.row([
            text("record"),
            text("state"),
            text("agent"),
            text("on_behalf_of"),
            text("resource"),
            text("reason"),
            text("ends"),
        ]);
    }
    output.table(&table)?;
    Ok(Exit::Done)
}

fn show(record: &str, session: &Session<'_>, output: &mut Output) -> Result {
    let one = session.read(&format!("/api/v1/approvals/{record}"))?;
    if output.json {
        output.value(&one)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["what", "value"]);
    let names = [
        "record",
        "state",
        "created",
        "ends",
        "agent",
        "on_behalf_of",
        "chain",
        "session",
        "kind",
        "resource",
        "reason",
        "policies",
        "labels",
        "arguments",
        "call",
        "needed",
        "votes",
    ];
    for name in names {
        let text = match &one[name] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        table.row([name.to_owned(), text]);
    }
    output.table(&table)?;
    Ok(Exit::Done)
}
