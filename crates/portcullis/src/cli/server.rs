//! `portcullis server`: MCP servers behind the gate.

use clap::Subcommand;
use model::ServerName;
use serde_json::{Value, json};

use super::agent::done;
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Output, Result};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the MCP servers
    #[command(after_help = "Example:\n  portcullis server list")]
    List,
    /// Let nothing pass to a server; what is open is cut
    #[command(
        after_help = "Example:\n  portcullis server suspend files --reason \"poisoned tool\""
    )]
    Suspend(Contain),
    /// As suspend, and resuming needs a reason
    #[command(after_help = "Example:\n  portcullis server quarantine files --reason \"incident\"")]
    Quarantine(Contain),
    /// Let calls pass to a server again
    #[command(after_help = "Example:\n  portcullis server resume files --reason \"reviewed\"")]
    Resume(Contain),
}

#[derive(Debug, clap::Args)]
pub(super) struct Contain {
    name: ServerName,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::List => list(session, output),
        Command::Suspend(contain) => standing("suspend", "suspended", contain, session, output),
        Command::Quarantine(contain) => {
            standing("quarantine", "quarantined", contain, session, output)
        }
        Command::Resume(contain) => standing("resume", "active", contain, session, output),
    }
}

fn list(session: &Session<'_>, output: &mut Output) -> Result {
    let servers = session.list("/api/v1/servers", "servers", 10_000)?;
    if output.json {
        output.value(&Value::Array(servers))?;
        return Ok(Exit::Done);
    }
    let flat = |item: &Value| {
        let mut server = item["server"].clone();
        server["standing"] = item["standing"].clone();
        server
    };
    let servers: Vec<Value> = servers.iter().map(flat).collect();
    let columns =
        [("name", "name"), ("standing", "standing"), ("address", "address"), ("pin", "pin")];
    output.table(&Table::of(&servers, &columns))?;
    Ok(Exit::Done)
}

fn standing(
    act: &str,
    state: &str,
    contain: &Contain,
    session: &Session<'_>,
    output: &mut Output,
) -> Result {
    let path = format!("/api/v1/servers/{}/{act}", encode(contain.name.as_str()));
    let answer = session.send(&path, &json!({ "reason": contain.reason }))?;
    done(&answer, &format!("server {} is {state}", contain.name), output)
}
