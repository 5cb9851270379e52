//! `portcullis containment`: what the kill switch holds, and everything at once.

use clap::Subcommand;
use serde_json::{Value, json};

use super::agent::done;
use super::session::Session;
use super::table::Table;
use super::{Exit, Output, Result};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what is suspended or quarantined now, by whom and why
    #[command(after_help = "Example:\n  portcullis containment list")]
    List,
    /// Stop every agent now; all that is open is cut
    #[command(
        after_help = "Example:\n  portcullis containment stop-everything --reason \"incident 12\""
    )]
    StopEverything {
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Take back `stop-everything`; agents that were held one by one stay so
    #[command(
        after_help = "Example:\n  portcullis containment resume-everything --reason \"incident 12 is over\""
    )]
    ResumeEverything {
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::List => list(session, output),
        Command::StopEverything { reason } => {
            let answer =
                session.send("/api/v1/containments", &json!({ "subject": { "type": "everything" }, "standing": "suspended", "reason": reason }))?;
            done(&answer, "everything is suspended", output)
        }
        Command::ResumeEverything { reason } => {
            let answer = session.send(
                "/api/v1/containments/release",
                &json!({ "subject": { "type": "everything" }, "reason": reason }),
            )?;
            done(&answer, "everything that is not held by itself may act again", output)
        }
    }
}

fn list(session: &Session<'_>, output: &mut Output) -> Result {
    let held = session.list("/api/v1/containments", "containments", 10_000)?;
    if output.json {
        output.value(&Value::Array(held))?;
        return Ok(Exit::Done);
    }
    if held.is_empty() {
        output.note("nothing is held");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["subject", "standing", "since", "who", "reason"]);
    for item in &held {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, name) = (text(&item["subject"]["type"]), text(&item["subject"]["name"]));
        let subject = format!("{kind} {name}").trim_end().to_owned();
        table.row([
            subject,
            text(&item["standing"]),
            text(&item["since"]),
            text(&item["who"]),
            text(&item["reason"]),
        ]);
    }
    output.table(&table)?;
    Ok(Exit::Done)
}
