//! `portcullis person`: on whose behalf agents may act.

use clap::Subcommand;
use hyper::Method;
use model::{Scopes, UserName};
use serde_json::{Value, json};

use super::agent::done;
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Output, Result};
use crate::visible::visible;

/// Lists end here.
const MAX_LISTED: usize = 100_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a person for whom agents may act
    #[command(
        after_help = "Example:\n  portcullis person add ann@example.com --scope mail.read --scope mail.send"
    )]
    Add(Add),
    /// List the people
    #[command(after_help = "Example:\n  portcullis person list --json")]
    List,
    /// Say anew what agents may do for a person; it holds from their next call on
    #[command(after_help = "Example:\n  portcullis person scope ann@example.com --scope mail.read")]
    Scope(Scope),
    /// Let no agent act for a person any more, from the next call on
    #[command(after_help = "Example:\n  portcullis person disable ann@example.com")]
    Disable { name: UserName },
    /// Let agents act for a person again
    #[command(after_help = "Example:\n  portcullis person enable ann@example.com")]
    Enable { name: UserName },
    /// Say whose pseudonym it is that records call somebody by; that leaves a record
    #[command(
        after_help = "Example:\n  portcullis person resolve psn_6f1c0f5b0b6d4d7e8a9b0c1d2e3f4a5b"
    )]
    Resolve { pseudonym: UserName },
    /// Say what records call a person, where that is a pseudonym; that leaves a record
    #[command(after_help = "Example:\n  portcullis person pseudonym ann@example.com")]
    Pseudonym { name: UserName },
    /// Remove a person
    #[command(after_help = "Example:\n  portcullis person remove ann@example.com")]
    Remove { name: UserName },
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// As the identity provider names them
    name: UserName,
    /// Stands in the records of what is done for them
    #[arg(long)]
    email: Option<String>,
    /// What agents may do for them; may be given more than once
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Scope {
    name: UserName,
    /// May be given more than once; without any, agents may do nothing that asks for a scope
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
}

fn path(name: &UserName) -> String {
    format!("/api/v1/persons/{}", encode(name.as_str()))
}

fn joined(scopes: &[String]) -> anyhow::Result<Scopes> {
    Ok(Scopes::of(scopes.iter().map(String::as_str))?)
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Add(add) => {
            let scopes = joined(&add.scopes)?;
            let body = json!({"name": add.name, "email": add.email, "scopes": scopes});
            let answer = session.send("/api/v1/persons", &body)?;
            done(&answer, &format!("person {} is added", add.name), output)
        }
        Command::List => list(session, output),
        Command::Scope(scope) => {
            let body = json!({"scopes": joined(&scope.scopes)?});
            change(&scope.name, &body, "scopes are changed", session, output)
        }
        Command::Disable { name } => {
            let body = json!({"standing": "suspended"});
            change(name, &body, "is disabled", session, output)
        }
        Command::Enable { name } => {
            change(name, &json!({"standing": "active"}), "is enabled", session, output)
        }
        Command::Resolve { pseudonym } => {
            let path = format!("/api/v1/pseudonyms/{}", encode(pseudonym.as_str()));
            tied(&session.read(&path)?, "name", output)
        }
        Command::Pseudonym { name } => {
            tied(&session.read(&format!("{}/pseudonym", path(name)))?, "pseudonym", output)
        }
        Command::Remove { name } => {
            let answer = session.call(Method::DELETE, &path(name), None)?;
            done(&answer, &format!("person {name} is removed"), output)
        }
    }
}

/// One of a name and its pseudonym.
fn tied(answer: &Value, wanted: &str, output: &mut Output) -> Result {
    match output.json {
        true => output.value(answer)?,
        false => output.line(visible(answer[wanted].as_str().unwrap_or_default()))?,
    }
    Ok(Exit::Done)
}

fn change(
    name: &UserName,
    body: &Value,
    said: &str,
    session: &Session<'_>,
    output: &mut Output,
) -> Result {
    let answer = session.call(Method::PATCH, &path(name), Some(body))?;
    done(&answer, &format!("person {name}: {said}"), output)
}

fn list(session: &Session<'_>, output: &mut Output) -> Result {
    let persons = session.list("/api/v1/persons?limit=1000", "persons", MAX_LISTED)?;
    if output.json {
        output.value(&Value::Array(persons))?;
        return Ok(Exit::Done);
    }
    if persons.is_empty() {
        output.note("there is no person yet; add one with: portcullis person add NAME");
        return Ok(Exit::Done);
    }
    let columns =
        [("name", "name"), ("standing", "standing"), ("scopes", "scopes"), ("email", "email")];
    output.table(&Table::of(&persons, &columns))?;
    Ok(Exit::Done)
}
