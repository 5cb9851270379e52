//! `portcullis tool`: tools, prompts and resources of MCP servers, and what was agreed of them.

use std::collections::BTreeMap;

use anyhow::anyhow;
use clap::Subcommand;
use serde_json::{Value, json};

use super::agent::done;
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Failure, Output, Result};
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the tools, those that wait for a person first
    #[command(after_help = "Example:\n  portcullis tool list\n  portcullis tool list --held")]
    List {
        /// Only those that wait
        #[arg(long)]
        held: bool,
    },
    /// Show a tool with what was agreed of it and what is offered instead
    #[command(after_help = "Example:\n  portcullis tool show files/read_file")]
    Show(Tool),
    /// Show what differs between what was agreed and what is offered
    #[command(after_help = "Example:\n  portcullis tool diff files/read_file")]
    Diff(Tool),
    /// Agree to what is offered
    #[command(
        after_help = "Example:\n  portcullis tool accept files/read_file --revision 2\n\nThe revision is the one that `tool diff` shows: what has changed since is not agreed to."
    )]
    Accept(Decision),
    /// Keep a tool from being used as it is offered, or at all
    #[command(after_help = "Example:\n  portcullis tool reject files/read_file --revision 2")]
    Reject(Decision),
}

#[derive(Debug, clap::Args)]
pub(super) struct Tool {
    /// The tool, as server/tool; or server/@prompt/name, server/@resource/address
    name: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Decision {
    #[command(flatten)]
    tool: Tool,
    /// The revision that was looked at
    #[arg(long)]
    revision: u64,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::List { held } => list(*held, session, output),
        Command::Show(tool) => {
            output.value(&session.read(&tool.path()?)?)?;
            Ok(Exit::Done)
        }
        Command::Diff(tool) => diff(tool, session, output),
        Command::Accept(decision) => decide("accept", "accepted", decision, session, output),
        Command::Reject(decision) => decide("reject", "rejected", decision, session, output),
    }
}

impl Tool {
    fn path(&self) -> std::result::Result<String, Failure> {
        let (server, tool) = self.name.split_once('/').ok_or_else(|| {
            Failure::Failed(anyhow!("a tool is named as server/tool, such as files/read_file"))
        })?;
        Ok(format!("/api/v1/tools/{}/{}", encode(server), encode(tool)))
    }
}

fn list(only_held: bool, session: &Session<'_>, output: &mut Output) -> Result {
    let mut tools = session.list("/api/v1/tools", "tools", 100_000)?;
    tools.retain(|tool| !only_held || tool["state"] == "held");
    tools.sort_by_key(|tool| tool["state"] != "held");
    if output.json {
        output.value(&Value::Array(tools))?;
        return Ok(Exit::Done);
    }
    let columns = [
        ("server", "server"),
        ("tool", "name"),
        ("kind", "kind"),
        ("state", "state"),
        ("why", "why"),
        ("findings", "findings"),
        ("revision", "revision"),
        ("changed", "changed"),
    ];
    output.table(&Table::of(&tools, &columns))?;
    Ok(Exit::Done)
}

fn diff(tool: &Tool, session: &Session<'_>, output: &mut Output) -> Result {
    let shown = session.read(&tool.path()?)?;
    if output.json {
        output.value(&shown)?;
        return Ok(Exit::Done);
    }
    let name = visible(&tool.name).into_owned();
    let (state, revision) = (&shown["state"], &shown["revision"]);
    output.line(format_args!("{name}: {}, revision {revision}", plain(state)))?;
    let (before, after) = (leaves(&shown["accepted"]), leaves(&shown["offered"]));
    if shown["offered"].is_null() {
        output.line("nothing is offered besides what was agreed to")?;
        return Ok(Exit::Done);
    }
    for (place, old) in &before {
        match after.get(place) {
            Some(new) if new == old => {}
            Some(new) => {
                output.line(format_args!("- {place}: {}", visible(old)))?;
                output.line(format_args!("+ {place}: {}", visible(new)))?;
            }
            None => output.line(format_args!("- {place}: {}", visible(old)))?,
        }
    }
    for (place, new) in after.iter().filter(|(place, _)| !before.contains_key(*place)) {
        output.line(format_args!("+ {place}: {}", visible(new)))?;
    }
    output
        .line(format_args!("accept with: portcullis tool accept {name} --revision {revision}"))?;
    Ok(Exit::Done)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Every leaf of a description by its place.
fn leaves(side: &Value) -> BTreeMap<String, String> {
    fn walk(place: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    walk(&format!("{place}.{}", visible(name)), value, into);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (at, value) in items.iter().enumerate() {
                    walk(&format!("{place}[{at}]"), value, into);
                }
            }
            leaf => _ = into.insert(place.trim_start_matches('.').to_owned(), leaf.to_string()),
        }
    }
    let mut into = BTreeMap::new();
    if !side.is_null() {
        walk("", &side["description"], &mut into);
    }
    into
}

fn decide(
    act: &str,
    state: &str,
    decision: &Decision,
    session: &Session<'_>,
    output: &mut Output,
) -> Result {
    let path = format!("{}/{act}", decision.tool.path()?);
    let answer = session.send(&path, &json!({ "revision": decision.revision }))?;
    done(&answer, &format!("tool {} is {state}", visible(&decision.tool.name)), output)
}
