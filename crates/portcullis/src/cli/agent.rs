//! `portcullis agent`: who may act.

use std::time::{Duration, SystemTime};

use clap::Subcommand;
use hyper::Method;
use model::{AgentName, RoleName, Tier, Timestamp, ZoneName};
use serde_json::{Value, json};

use super::session::{Session, encode};
use super::table::{Table, cell};
use super::{Exit, Output, Result};
use crate::config::value::duration;
use crate::visible::visible;

/// Lists end here unless more is asked for.
const MAX_LISTED: usize = 100_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add an agent and print its key, once
    #[command(
        after_help = "Example:\n  portcullis agent add support-bot --role support --owner ann@example.com"
    )]
    Add(Add),
    /// List the agents
    #[command(after_help = "Example:\n  portcullis agent list --json")]
    List,
    /// Show one agent, with its keys by their first digits
    #[command(after_help = "Example:\n  portcullis agent show support-bot")]
    Show { name: AgentName },
    /// Stop an agent now; what it has open is cut
    #[command(
        after_help = "Example:\n  portcullis agent suspend support-bot --reason \"loops since noon\""
    )]
    Suspend(Contain),
    /// Let a suspended or quarantined agent act again
    #[command(
        after_help = "Example:\n  portcullis agent resume support-bot --reason \"fixed in 1.4\""
    )]
    Resume(Contain),
    /// Stop an agent that is thought to be compromised
    #[command(
        after_help = "Example:\n  portcullis agent quarantine support-bot --reason \"key found in a repository\""
    )]
    Quarantine(Contain),
    /// Take the labels of a session away, once you have looked at what the agent has read there
    #[command(
        after_help = "Example:\n  portcullis agent clear-labels support-bot --session task-12 --reason \"the page was ours\""
    )]
    ClearLabels(ClearLabels),
    /// Make a new key and print it, once; the old ones end after a while
    #[command(after_help = "Example:\n  portcullis agent rotate support-bot --overlap 1h")]
    Rotate(Rotate),
    /// Keys, and public keys that an agent signs its requests with
    #[command(subcommand)]
    Key(super::agent_key::Command),
    /// Client certificates: which names stand for which agent, which are not taken any more
    #[command(subcommand)]
    Cert(super::agent_certificate::Command),
    /// Remove an agent and its keys
    #[command(after_help = "Example:\n  portcullis agent remove support-bot")]
    Remove { name: AgentName },
}

#[derive(Debug, clap::Args)]
pub(super) struct ClearLabels {
    name: AgentName,
    /// For whom the agent acts there
    #[arg(long)]
    person: Option<model::UserName>,
    /// The session, as its records name it [default: what the agent does outside of any]
    #[arg(long)]
    session: Option<model::SessionId>,
    /// Why, for the record
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    name: AgentName,
    /// A role; may be given more than once
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<RoleName>,
    /// The zone that it belongs to
    #[arg(long, default_value = "production")]
    zone: ZoneName,
    /// The person who answers for it
    #[arg(long)]
    owner: Option<String>,
    /// What it is for
    #[arg(long)]
    purpose: Option<String>,
    /// As which its calls count: interactive, background or api
    #[arg(long, value_parser = tier)]
    tier: Option<Tier>,
    /// How long its key opens anything, such as 90d; without, until it is rotated
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    expires_in: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Contain {
    name: AgentName,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Rotate {
    name: AgentName,
    /// How long the old keys still open, such as 1h
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = seconds)]
    overlap: u64,
    /// End the old keys at once
    #[arg(long, conflicts_with = "overlap")]
    now: bool,
}

fn tier(text: &str) -> std::result::Result<Tier, String> {
    Tier::parse(text).ok_or_else(|| "write interactive, sub_agent, background or api".to_owned())
}

/// A span of time on the command line, in seconds.
pub(super) fn seconds(text: &str) -> std::result::Result<u64, String> {
    let span = duration(text).ok_or("write a span such as 30s, 5m, 1h or 90d")?;
    Ok(span.as_secs())
}

/// The moment that lies so many seconds ahead.
pub(super) fn in_seconds(seconds: u64) -> Timestamp {
    Timestamp::from_system(SystemTime::now()).plus(Duration::from_secs(seconds))
}

pub(super) fn path(name: &AgentName) -> String {
    format!("/api/v1/agents/{}", encode(name.as_str()))
}

pub(super) fn run(command: Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Add(add) => self::add(add, session, output),
        Command::List => list(session, output),
        Command::Show { name } => {
            let mut agent = session.read(&path(&name))?;
            agent["keys"] = session.read(&format!("{}/keys", path(&name)))?["keys"].take();
            show(&agent, output)
        }
        Command::Suspend(contain) => standing("suspend", &contain, session, output),
        Command::Resume(contain) => standing("resume", &contain, session, output),
        Command::Quarantine(contain) => standing("quarantine", &contain, session, output),
        Command::ClearLabels(ClearLabels { name, person, session: of, reason }) => {
            let body = json!({ "person": person, "session": of, "reason": reason });
            let answer = session.send(&format!("{}/clear_labels", path(&name)), &body)?;
            done(&answer, "the session has no labels now", output)
        }
        Command::Key(command) => super::agent_key::run(command, session, output),
        Command::Cert(command) => super::agent_certificate::run(command, session, output),
        Command::Rotate(rotate) => self::rotate(&rotate, session, output),
        Command::Remove { name } => {
            let answer = session.call(Method::DELETE, &path(&name), None)?;
            done(&answer, &format!("agent {name} is removed"), output)
        }
    }
}

fn add(add: Add, session: &Session<'_>, output: &mut Output) -> Result {
    let body = json!({
        "name": add.name, "roles": add.roles, "zone": add.zone,
        "owner": add.owner, "purpose": add.purpose, "tier": add.tier, "key_expires": add.expires_in.map(in_seconds),
    });
    let answer = session.send("/api/v1/agents", &body)?;
    key(&answer, &format!("agent {} is added", add.name), output)
}

fn rotate(rotate: &Rotate, session: &Session<'_>, output: &mut Output) -> Result {
    let overlap = if rotate.now { 0 } else { rotate.overlap };
    let body = json!({ "overlap_seconds": overlap });
    let answer = session.send(&format!("{}/rotate", path(&rotate.name)), &body)?;
    key(&answer, &format!("agent {} has a new key", rotate.name), output)
}

/// Shows a new key, which nobody can show again.
fn key(answer: &Value, said: &str, output: &mut Output) -> Result {
    if output.json {
        output.value(answer)?;
        return Ok(Exit::Done);
    }
    output.note(format_args!("{said}; this is its key, and it is shown only now:"));
    output.line(visible(answer["key"].as_str().unwrap_or_default()))?;
    Ok(Exit::Done)
}

fn list(session: &Session<'_>, output: &mut Output) -> Result {
    let agents = session.list("/api/v1/agents?limit=1000", "agents", MAX_LISTED)?;
    if output.json {
        output.value(&Value::Array(agents))?;
        return Ok(Exit::Done);
    }
    if agents.is_empty() {
        output.note("there is no agent yet; add one with: portcullis agent add NAME");
        return Ok(Exit::Done);
    }
    let columns = [
        ("name", "name"),
        ("standing", "standing"),
        ("roles", "roles"),
        ("zone", "zone"),
        ("owner", "owner"),
        ("from", "origin"),
    ];
    output.table(&Table::of(&agents, &columns))?;
    Ok(Exit::Done)
}

fn show(agent: &Value, output: &mut Output) -> Result {
    if output.json {
        output.value(agent)?;
        return Ok(Exit::Done);
    }
    for member in
        ["name", "standing", "reason", "roles", "zone", "owner", "purpose", "origin", "created"]
    {
        if agent.get(member).is_some() {
            output.line(format_args!("{member:<9} {}", visible(&cell(&agent[member]))))?;
        }
    }
    if let Some(keys) = agent["keys"].as_array() {
        output.line("")?;
        let columns =
            [("key", "hash"), ("label", "label"), ("created", "created"), ("expires", "expires")];
        output.table(&Table::of(keys, &columns))?;
    }
    Ok(Exit::Done)
}

fn standing(act: &str, contain: &Contain, session: &Session<'_>, output: &mut Output) -> Result {
    let body = json!({ "reason": contain.reason });
    let answer = session.send(&format!("{}/{act}", path(&contain.name)), &body)?;
    let standing = answer["standing"].as_str().unwrap_or(act).to_owned();
    done(&answer, &format!("agent {} is {}", contain.name, visible(&standing)), output)
}

/// Answers with JSON or a sentence.
pub(super) fn done(answer: &Value, said: &str, output: &mut Output) -> Result {
    if output.json {
        output.value(answer)?;
    } else {
        output.line(said)?;
    }
    Ok(Exit::Done)
}
