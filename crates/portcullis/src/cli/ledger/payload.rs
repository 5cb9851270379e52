//! `portcullis ledger payload`, `erase` and `keys`: what was kept, and how it is let go.

use std::path::PathBuf;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Subcommand, ValueEnum};
use model::{AgentName, Month, RecordId, UserName};
use serde_json::{Value, json};

use super::{export, shown};
use crate::cli::agent::done;
use crate::cli::session::Session;
use crate::cli::{Exit, Failure, Output, Result};
use crate::visible::visible;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Payload {
    /// The record's id
    id: RecordId,
    /// Only what the agent asked
    #[arg(long, conflicts_with = "response")]
    request: bool,
    /// Only what it was answered
    #[arg(long)]
    response: bool,
    /// Write the bytes as they are into a new file, instead of showing them
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn payload(arguments: &Payload, session: &Session<'_>, output: &mut Output) -> Result {
    let parts = match (arguments.request, arguments.response) {
        (true, _) => &["request"][..],
        (_, true) => &["response"],
        _ => &["request", "response"],
    };
    if arguments.out.is_some() && parts.len() > 1 {
        let problem = "--out needs --request or --response: a file holds one of them";
        return Err(Failure::Usage(problem.to_owned()));
    }
    for part in parts {
        let path = format!("/api/v1/records/{}/payload/{part}", arguments.id);
        let answer = session.read(&path)?;
        match &arguments.out {
            Some(file) => {
                export::save(file, &bytes(&answer)?).with_context(|| file.display().to_string())?;
                output.note(format_args!("the {part} is in {}", file.display()));
            }
            None if output.json => output.value(&answer)?,
            None => show(part, &answer, output)?,
        }
    }
    Ok(Exit::Done)
}

fn bytes(answer: &Value) -> std::result::Result<Vec<u8>, Failure> {
    let content = answer["content"].as_str().unwrap_or_default();
    match answer["encoding"].as_str() {
        Some("base64") => Ok(STANDARD.decode(content).context("the payload's base64")?),
        _ => Ok(content.as_bytes().to_vec()),
    }
}

/// What an agent or a model wrote is obeyed by no terminal.
fn show(part: &str, answer: &Value, output: &mut Output) -> std::io::Result<()> {
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    let mut about = format!("-- {part}");
    if !text("content_coding").is_empty() {
        about.push_str(&format!(", coded as {}", visible(text("content_coding"))));
    }
    if text("encoding") == "base64" {
        about.push_str(", in base64");
    }
    if answer["is_truncated"] == true {
        about.push_str(", cut off: more came than was kept");
    }
    output.note(about);
    output.line(shown(text("content")))
}

/// Whose data.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(in crate::cli) struct Subject {
    /// An agent's
    #[arg(long)]
    agent: Option<AgentName>,
    /// A person's, on whose behalf agents acted
    #[arg(long)]
    person: Option<UserName>,
}

impl Subject {
    /// As the admin API takes it; nothing where none is named.
    pub(super) fn named(&self) -> Value {
        match (&self.agent, &self.person) {
            (Some(name), _) => json!({"type": "agent", "name": name}),
            (_, Some(name)) => json!({"type": "person", "name": name}),
            _ => Value::Null,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Erase {
    #[command(flatten)]
    subject: Subject,
    /// Only what was kept in one month, such as 2026-11
    #[arg(long)]
    month: Option<Month>,
    /// Why, for the record
    #[arg(long)]
    reason: String,
}

pub(super) fn erase(arguments: &Erase, session: &Session<'_>, output: &mut Output) -> Result {
    let Erase { subject, month, reason } = arguments;
    let subject = subject.named();
    if subject.is_null() {
        return Err(Failure::Usage("say whose, by --agent or --person".to_owned()));
    }
    let body = json!({"subject": subject, "month": month, "reason": reason});
    let answer = session.send("/api/v1/erasures", &body)?;
    if output.json {
        output.value(&answer)?;
        return Ok(Exit::Done);
    }
    let erased = answer["erased"].as_array().map(Vec::as_slice).unwrap_or_default();
    match erased.len() {
        0 => output.line("nothing was kept of that; there was no key to destroy")?,
        count => {
            output.line(format_args!("{count} keys are destroyed; what they sealed is gone"))?
        }
    }
    match answer["values"].as_u64().unwrap_or_default() {
        0 => {}
        count => output.line(format_args!("{count} values behind placeholders are forgotten"))?,
    }
    Ok(Exit::Done)
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Keys {
    /// Exchange keys; no payload is written again
    #[command(
        after_help = "Example:\n  portcullis ledger keys rotate tenant\n\nroot: the file root.key of the data folder. tenant: the key that wraps all data keys.\ndata: from now on each subject's payloads are sealed by a new key."
    )]
    Rotate {
        /// Which keys
        #[arg(value_enum)]
        level: Level,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Level {
    Root,
    Tenant,
    Data,
}

pub(super) fn keys(command: &Keys, session: &Session<'_>, output: &mut Output) -> Result {
    let Keys::Rotate { level } = command;
    let level = format!("{level:?}").to_lowercase();
    let answer = session.send("/api/v1/keys/rotate", &json!({"level": level}))?;
    let said = match level.as_str() {
        "root" => "the root key is exchanged; the old one opens nothing any more",
        "tenant" => "the tenant's key is exchanged, and all keys below it are wrapped by it",
        _ => "from now on payloads are sealed by new keys",
    };
    done(&answer, said, output)
}
