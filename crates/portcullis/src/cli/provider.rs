//! `portcullis provider`: model APIs behind the gate.

use clap::Subcommand;
use model::ProviderName;
use serde_json::{Value, json};

use super::agent::done;
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Output, Result};

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

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::List => list(session, output),
        Command::Suspend(contain) => standing("suspend", "suspended", contain, session, output),
        Command::Resume(contain) => standing("resume", "active", contain, session, output),
    }
}

fn list(session: &Session<'_>, output: &mut Output) -> Result {
    let providers = session.list("/api/v1/providers", "providers", 10_000)?;
    if output.json {
        output.value(&Value::Array(providers))?;
        return Ok(Exit::Done);
    }
    let flat = |item: &Value| {
        let mut provider = item["provider"].clone();
        provider["standing"] = item["standing"].clone();
        provider
    };
    let providers: Vec<Value> = providers.iter().map(flat).collect();
    let columns = [
        ("name", "name"),
        ("kind", "kind"),
        ("standing", "standing"),
        ("address", "base_url"),
        ("models", "models"),
    ];
    output.table(&Table::of(&providers, &columns))?;
    Ok(Exit::Done)
}

fn standing(
    act: &str,
    state: &str,
    contain: &Contain,
    session: &Session<'_>,
    output: &mut Output,
) -> Result {
    let path = format!("/api/v1/providers/{}/{act}", encode(contain.name.as_str()));
    let answer = session.send(&path, &json!({ "reason": contain.reason }))?;
    done(&answer, &format!("provider {} is {state}", contain.name), output)
}
