//! `portcullis ledger hold` and `retain`: how long what is kept.

use clap::Subcommand;
use hyper::Method;
use model::AgentName;
use serde_json::{Value, json};

use super::payload::Subject;
use crate::cli::agent::done;
use crate::cli::session::{Session, encode};
use crate::cli::table::Table;
use crate::cli::{Exit, Failure, Output, Result};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Hold somebody's data, or everybody's: neither retention nor an erasure touches it
    #[command(
        after_help = "Example:\n  portcullis ledger hold add case-7 --agent support-bot --reason \"a court asked\""
    )]
    Add {
        /// What the hold is called
        name: AgentName,
        #[command(flatten)]
        subject: Subject,
        /// Why, for the record
        #[arg(long)]
        reason: String,
    },
    /// List the holds
    #[command(after_help = "Example:\n  portcullis ledger hold list")]
    List,
    /// End a hold
    #[command(after_help = "Example:\n  portcullis ledger hold remove case-7")]
    Remove {
        /// As `portcullis ledger hold list` shows it
        name: String,
    },
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Add { name, subject, reason } => {
            let body = json!({"name": name, "subject": subject.named(), "reason": reason});
            done(&session.send("/api/v1/holds", &body)?, "it is held", output)
        }
        Command::List => list(session, output),
        Command::Remove { name } => {
            let path = format!("/api/v1/holds/{}", encode(name));
            done(&session.call(Method::DELETE, &path, None)?, "the hold is ended", output)
        }
    }
}

fn list(session: &Session<'_>, output: &mut Output) -> Result {
    let mut holds = session.list("/api/v1/holds", "holds", 10_000)?;
    if output.json {
        output.value(&Value::Array(holds))?;
        return Ok(Exit::Done);
    }
    if holds.is_empty() {
        output.note("nothing is held");
        return Ok(Exit::Done);
    }
    for hold in &mut holds {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let subject = &hold["subject"];
        hold["subject"] = match subject {
            Value::Null => json!("everything"),
            subject => json!(format!("{} {}", text(&subject["type"]), text(&subject["name"]))),
        };
    }
    let columns = ["name", "subject", "created", "who", "reason"];
    output.table(&Table::of(&holds, &columns.map(|name| (name, name))))?;
    Ok(Exit::Done)
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Retain {
    /// Let go now what was kept long enough; otherwise that happens once a day
    #[arg(long)]
    now: bool,
}

pub(super) fn retain(arguments: &Retain, session: &Session<'_>, output: &mut Output) -> Result {
    if !arguments.now {
        let problem = "a running instance retains once a day by itself; --now does it at once";
        return Err(Failure::Usage(problem.to_owned()));
    }
    let answer = session.send("/api/v1/retention/run", &json!({}))?;
    if output.json {
        output.value(&answer)?;
        return Ok(Exit::Done);
    }
    let number = |name: &str| answer[name].as_u64().unwrap_or_default();
    output.line(format_args!(
        "{} keys are destroyed, {} records dropped; the log begins at record {}",
        number("keys"),
        number("records"),
        number("first_record")
    ))?;
    Ok(Exit::Done)
}
