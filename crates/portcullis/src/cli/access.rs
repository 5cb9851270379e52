//! `portcullis access`: roles that people hold for some minutes.

use clap::{Subcommand, ValueEnum};
use people::Role;
use serde_json::json;

use super::agent::{done, seconds};
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Failure, Output, Result};
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Ask for a role for some time, with a token of your own (--server, PORTCULLIS_TOKEN)
    #[command(
        after_help = "Example:\n  portcullis --server https://console.example.com access request --role responder --for 30m --reason \"the queue is stuck\""
    )]
    Request {
        #[arg(long, value_parser = role)]
        role: Role,
        /// For how long, such as 30m
        #[arg(long = "for", value_name = "SPAN", value_parser = seconds)]
        span: u64,
        /// Why; whoever decides reads it, and it stands in the record
        #[arg(long)]
        reason: String,
    },
    /// List what was asked for and taken, the newest first
    #[command(
        after_help = "Example:\n  portcullis access list\n  portcullis access list --which unreviewed"
    )]
    List {
        #[arg(long, value_enum, default_value = "open")]
        which: Which,
    },
    /// Show one
    #[command(after_help = "Example:\n  portcullis access show 0f3c2a")]
    Show {
        /// As the list gives it
        id: String,
    },
    /// Let somebody have the role that they ask for
    #[command(after_help = "Example:\n  portcullis access approve 0f3c2a")]
    Approve {
        /// As the list gives it
        id: String,
        /// Why, for the record
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Refuse it
    #[command(
        after_help = "Example:\n  portcullis access deny 0f3c2a --reason \"ask the one on call\""
    )]
    Deny {
        /// As the list gives it
        id: String,
        /// Why; they are told
        #[arg(long)]
        reason: String,
    },
    /// End a role before its time, or take a request back
    #[command(after_help = "Example:\n  portcullis access end 0f3c2a")]
    End {
        /// As the list gives it
        id: String,
    },
    /// Say that a role which was taken by breaking glass was looked at
    #[command(
        after_help = "Example:\n  portcullis access sign-off 0f3c2a --reason \"all of it was needed\""
    )]
    SignOff {
        /// As the list gives it
        id: String,
        /// What was found
        #[arg(long)]
        reason: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Which {
    /// Waiting or counting
    Open,
    /// Taken by breaking glass, and not signed off
    Unreviewed,
    All,
}

/// Reads a role of people.
pub(super) fn role(text: &str) -> std::result::Result<Role, String> {
    text.parse::<Role>().map_err(|error| error.to_string())
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Request { role, span, reason } => {
            let body = json!({"role": role, "minutes": minutes(*span)?, "reason": reason});
            let answer = session.send("/api/v1/access", &body)?;
            done(&answer, "asked for; somebody else decides on it", output)
        }
        Command::List { which } => list(*which, session, output),
        Command::Show { id } => {
            output.value(&session.read(&path(id, ""))?)?;
            Ok(Exit::Done)
        }
        Command::Approve { id, reason } => {
            let answer = session.send(&path(id, "/approve"), &json!({ "reason": reason }))?;
            let ends = answer["ends"].as_str().unwrap_or_default();
            done(&answer, &format!("approved until {}", visible(ends)), output)
        }
        Command::Deny { id, reason } => {
            let answer = session.send(&path(id, "/deny"), &json!({ "reason": reason }))?;
            done(&answer, "refused", output)
        }
        Command::End { id } => {
            let answer = session.send(&path(id, "/end"), &json!({}))?;
            done(&answer, "it has ended", output)
        }
        Command::SignOff { id, reason } => {
            let answer = session.send(&path(id, "/sign_off"), &json!({ "reason": reason }))?;
            done(&answer, "signed off", output)
        }
    }
}

fn path(id: &str, below: &str) -> String {
    format!("/api/v1/access/{}{below}", encode(id))
}

fn minutes(span: u64) -> std::result::Result<u64, Failure> {
    let whole = "write whole minutes, such as 30m or 2h".to_owned();
    if span > 0 && span.is_multiple_of(60) { Ok(span / 60) } else { Err(Failure::Usage(whole)) }
}

fn list(which: Which, session: &Session<'_>, output: &mut Output) -> Result {
    let which = match which {
        Which::Open => "open",
        Which::Unreviewed => "unreviewed",
        Which::All => "all",
    };
    let answer = session.read(&format!("/api/v1/access?which={which}"))?;
    if output.json {
        output.value(&answer["access"])?;
        return Ok(Exit::Done);
    }
    let found = answer["access"].as_array().cloned().unwrap_or_default();
    if found.is_empty() {
        output.note("nothing of the kind");
        return Ok(Exit::Done);
    }
    let columns = [
        ("id", "id"),
        ("state", "state"),
        ("way", "way"),
        ("who", "user"),
        ("role", "role"),
        ("ends", "ends"),
        ("why", "reason"),
    ];
    output.table(&Table::of(&found, &columns))?;
    Ok(Exit::Done)
}
