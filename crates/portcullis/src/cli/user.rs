//! `portcullis user`: admin tokens.

use clap::{Subcommand, ValueEnum};
use hyper::Method;
use model::AgentName;
use serde_json::{Value, json};

use super::agent::{done, in_seconds, seconds};
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Output, Result};
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token for the admin API and print it, once
    #[command(
        after_help = "Example:\n  portcullis user token ann@example.com --scope read --expires-in 30d"
    )]
    Token(Token),
    /// List the tokens by their names
    #[command(after_help = "Example:\n  portcullis user tokens")]
    Tokens,
    /// Take a token back
    #[command(after_help = "Example:\n  portcullis user revoke ann@example.com")]
    Revoke {
        /// As `portcullis user tokens` shows it
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Token {
    /// Whose it is, or what for; it stands in the record of each change that it makes
    name: AgentName,
    /// What it may do
    #[arg(long, value_enum, default_value = "read")]
    scope: Scope,
    /// How long it opens anything, such as 30d
    #[arg(long, value_name = "SPAN", default_value = "30d", value_parser = seconds)]
    expires_in: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scope {
    /// Look at everything
    Read,
    /// Look, and change
    Write,
    /// Look, at what was kept of requests and answers too
    Payload,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Token(token) => make(token, session, output),
        Command::Tokens => list(session, output),
        Command::Revoke { name } => {
            let path = format!("/api/v1/tokens/{}", encode(name));
            let answer = session.call(Method::DELETE, &path, None)?;
            done(&answer, "the token is revoked", output)
        }
    }
}

fn make(token: &Token, session: &Session<'_>, output: &mut Output) -> Result {
    let scope = match token.scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Payload => "payload",
    };
    let body =
        json!({ "name": token.name, "scope": scope, "expires": in_seconds(token.expires_in) });
    let answer = session.send("/api/v1/tokens", &body)?;
    if output.json {
        output.value(&answer)?;
        return Ok(Exit::Done);
    }
    output.note("this is the token, and it is shown only now; put it into PORTCULLIS_TOKEN:");
    output.line(visible(answer["token"].as_str().unwrap_or_default()))?;
    Ok(Exit::Done)
}

fn list(session: &Session<'_>, output: &mut Output) -> Result {
    let tokens = session.list("/api/v1/tokens", "tokens", 10_000)?;
    if output.json {
        output.value(&Value::Array(tokens))?;
        return Ok(Exit::Done);
    }
    let columns =
        [("name", "name"), ("scope", "scope"), ("created", "created"), ("expires", "expires")];
    output.table(&Table::of(&tokens, &columns))?;
    Ok(Exit::Done)
}
