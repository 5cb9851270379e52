//! `portcullis provider`: model APIs behind the gate.

use clap::Subcommand;
use model::ProviderName;

use super::place::Places;
use super::session::Session;
use super::{Output, Result};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the providers
    #[command(after_help = "Example:\n  portcullis provider list")]
    List,
    /// Let nothing pass to a provider; what is open is cut
    #[command(
        after_help = "Example:\n  portcullis provider suspend openai --reason \"incident at the provider\""
    )]
    Suspend(Contain),
    /// Let calls pass to a provider again
    #[command(after_help = "Example:\n  portcullis provider resume openai")]
    Resume(Contain),
}

#[derive(Debug, clap::Args)]
pub(super) struct Contain {
    name: ProviderName,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
}

const PLACES: Places = Places {
    one: "provider",
    all: "providers",
    columns: &[
        ("name", "name"),
        ("kind", "kind"),
        ("standing", "standing"),
        ("address", "base_url"),
        ("models", "models"),
    ],
};

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    let mut act = |act, contain: &Contain| {
        PLACES.act(act, contain.name.as_str(), &contain.reason, session, output)
    };
    match command {
        Command::Suspend(contain) => act(("suspend", "suspended"), contain),
        Command::Resume(contain) => act(("resume", "active"), contain),
        Command::List => PLACES.list(session, output),
    }
}
