//! `portcullis user`: admin tokens.

use clap::{Subcommand, ValueEnum};
use hyper::Method;
use serde_json::{Value, json};

use super::agent::{done, seconds};
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Output, Result};
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token for the admin API and print it, once
    #[command(
        after_help = "Example:\n  portcullis user token --label ann@example.com --scope read --expires-in 30d"
    )]
    Token(Token),
    /// List the tokens by their labels
    #[command(after_help = "Example:\n  portcullis user tokens")]
    Tokens,
    /// Take a token back
    #[command(after_help = "Example:\n  portcullis user revoke tok_1")]
    Revoke {
        /// As `portcullis user tokens` shows it
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Token {
    /// Whose it is, or what for
    #[arg(long)]
    label: String,
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
    Admin,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Token(token) => make(token, session, output),
        Command::Tokens => list(session, output),
        Command::Revoke { id } => {
            let path = format!("/api/v1/tokens/{}", encode(id));
            let answer = session.call(Method::DELETE, &path, None)?;
            done(&answer, "the token is revoked", output)
        }
    }
}

fn make(token: &Token, session: &Session<'_>, output: &mut Output) -> Result {
    let scope = match token.scope {
        Scope::Read => "read",
        Scope::Admin => "admin",
    };
    let body =
        json!({ "label": token.label, "scope": scope, "expires_in_seconds": token.expires_in });
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
    let tokens = session.list("/api/v1/tokens", 10_000)?;
    if output.json {
        output.value(&Value::Array(tokens))?;
        return Ok(Exit::Done);
    }
    let columns = [
        ("id", "id"),
        ("label", "label"),
        ("scope", "scope"),
        ("created", "created"),
        ("expires", "expires"),
    ];
    output.table(&Table::of(&tokens, &columns))?;
    Ok(Exit::Done)
}
