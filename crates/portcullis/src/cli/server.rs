//! `portcullis server`: MCP servers behind the gate.

use clap::Subcommand;
use model::ServerName;

use super::place::Places;
use super::session::Session;
use super::{Output, Result};

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

const PLACES: Places = Places {
    one: "server",
    all: "servers",
    columns: &[("name", "name"), ("standing", "standing"), ("address", "address"), ("pin", "pin")],
};

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    let mut act = |act, contain: &Contain| {
        PLACES.act(act, contain.name.as_str(), &contain.reason, session, output)
    };
    match command {
        Command::Suspend(contain) => act(("suspend", "suspended"), contain),
        Command::Quarantine(contain) => act(("quarantine", "quarantined"), contain),
        Command::Resume(contain) => act(("resume", "active"), contain),
        Command::List => PLACES.list(session, output),
    }
}
