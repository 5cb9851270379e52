//! `portcullis user`: who may log in to the console, and admin tokens.

use clap::{Subcommand, ValueEnum};
use hyper::Method;
use model::{AgentName, UserName};
use people::Role;
use serde_json::{Value, json};

use super::access::role;
use super::agent::{done, in_seconds, seconds};
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Failure, Output, Result};
use crate::visible::visible;

/// Lists end here.
const MAX_LISTED: usize = 100_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a user and print the link of their invitation, once
    #[command(
        after_help = "Example:\n  portcullis user add ann@example.com --role responder --role policy_author"
    )]
    Add(Add),
    /// List the users with their roles
    #[command(after_help = "Example:\n  portcullis user list --json")]
    List,
    /// Show a user, with factors and sessions
    #[command(after_help = "Example:\n  portcullis user show ann@example.com")]
    Show { name: UserName },
    /// Grant roles, for good or for a time, or take them away
    #[command(
        after_help = "Example:\n  portcullis user roles ann@example.com --add security_officer --for 8h --reason \"on call\"\n  portcullis user roles ann@example.com --remove auditor"
    )]
    Roles(Roles),
    /// Invite somebody anew who has no second factor yet; print the link, once
    #[command(after_help = "Example:\n  portcullis user invite ann@example.com")]
    Invite { name: UserName },
    /// Take all factors and the password of somebody who lost them; print a new invitation, once
    #[command(after_help = "Example:\n  portcullis user reset-factor ann@example.com")]
    ResetFactor { name: UserName },
    /// Let somebody in no more; their agents are handed over, or suspended
    #[command(
        after_help = "Example:\n  portcullis user disable ann@example.com --hand-over-to bob@example.com"
    )]
    Disable(Disable),
    /// Let somebody in again, without the roles of before
    #[command(after_help = "Example:\n  portcullis user enable ann@example.com")]
    Enable { name: UserName },
    /// End all sessions of a user's
    #[command(after_help = "Example:\n  portcullis user log-out ann@example.com")]
    LogOut { name: UserName },
    /// Remove a user
    #[command(after_help = "Example:\n  portcullis user remove ann@example.com")]
    Remove { name: UserName },
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
pub(super) struct Add {
    /// How they log in, such as a mail address
    name: UserName,
    /// What people call them
    #[arg(long)]
    display: Option<String>,
    #[arg(long)]
    email: Option<String>,
    /// A role, such as auditor; may be given more than once
    #[arg(long = "role", value_name = "ROLE", value_parser = role)]
    roles: Vec<Role>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Roles {
    name: UserName,
    /// A role to grant; may be given more than once
    #[arg(long, value_name = "ROLE", value_parser = role)]
    add: Vec<Role>,
    /// A role to take away; may be given more than once
    #[arg(long, value_name = "ROLE", value_parser = role)]
    remove: Vec<Role>,
    /// How long the granted roles count, such as 8h
    #[arg(long = "for", value_name = "SPAN", value_parser = seconds)]
    span: Option<u64>,
    /// In which hours of the week they count, such as "mon-fri 08:00-18:00 Europe/Berlin"
    #[arg(long)]
    hours: Option<String>,
    /// Why; it stands in the record
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Disable {
    name: UserName,
    /// Who answers for their agents from now on; without it, the agents are suspended
    #[arg(long, value_name = "NAME")]
    hand_over_to: Option<UserName>,
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
    /// Tell of people and groups, as a directory does by SCIM, and nothing else
    Provision,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Add(add) => self::add(add, session, output),
        Command::List => list_users(session, output),
        Command::Show { name } => {
            output.value(&session.read(&path(name, ""))?)?;
            Ok(Exit::Done)
        }
        Command::Roles(roles) => change_roles(roles, session, output),
        Command::Invite { name } => {
            let answer = session.send(&path(name, "/invite"), &json!({}))?;
            invitation(&answer, output)
        }
        Command::ResetFactor { name } => {
            let answer = session.send(&path(name, "/reset"), &json!({}))?;
            invitation(&answer, output)
        }
        Command::Disable(disable) => {
            let body = json!({"hand_over_to": disable.hand_over_to});
            let answer = session.send(&path(&disable.name, "/disable"), &body)?;
            done(&answer, &left(&disable.name, &answer), output)
        }
        Command::Enable { name } => {
            let answer = session.send(&path(name, "/enable"), &json!({}))?;
            done(&answer, &format!("user {name} may log in again; grant roles anew"), output)
        }
        Command::LogOut { name } => {
            let answer = session.call(Method::DELETE, &path(name, "/sessions"), None)?;
            done(&answer, &format!("all sessions of {name} have ended"), output)
        }
        Command::Remove { name } => {
            let answer = session.call(Method::DELETE, &path(name, ""), None)?;
            done(&answer, &format!("user {name} is removed"), output)
        }
        Command::Token(token) => make(token, session, output),
        Command::Tokens => list(session, output),
        Command::Revoke { name } => {
            let path = format!("/api/v1/tokens/{}", encode(name));
            let answer = session.call(Method::DELETE, &path, None)?;
            done(&answer, "the token is revoked", output)
        }
    }
}

fn path(name: &UserName, below: &str) -> String {
    format!("/api/v1/users/{}{below}", encode(name.as_str()))
}

fn add(add: &Add, session: &Session<'_>, output: &mut Output) -> Result {
    let roles: Vec<&str> = add.roles.iter().map(|role| role.as_str()).collect();
    let body =
        json!({"name": add.name, "display": add.display, "email": add.email, "roles": roles});
    let answer = session.send("/api/v1/users", &body)?;
    invitation(&answer, output)
}

fn invitation(answer: &Value, output: &mut Output) -> Result {
    if output.json {
        output.value(answer)?;
        return Ok(Exit::Done);
    }
    let invitation = &answer["invitation"];
    let link = invitation["url"].as_str();
    let missing = if link.is_some() { "" } else { "; put the console's address before it" };
    output.note(format!(
        "hand this link over yourself: it counts once, for a day, and is shown only now{missing}:"
    ));
    output.line(visible(link.or(invitation["path"].as_str()).unwrap_or_default()))?;
    Ok(Exit::Done)
}

fn left(name: &UserName, answer: &Value) -> String {
    let count = |member: &str| answer[member].as_array().map_or(0, Vec::len);
    let (over, suspended) = (count("handed_over"), count("suspended"));
    format!("user {name} is disabled; agents handed over: {over}, suspended: {suspended}")
}

fn change_roles(roles: &Roles, session: &Session<'_>, output: &mut Output) -> Result {
    let mut answer = Value::Null;
    for role in &roles.add {
        let body = json!({
            "role": role.as_str(), "reason": roles.reason, "hours": roles.hours,
            "ends": roles.span.map(in_seconds),
        });
        answer = session.send(&path(&roles.name, "/roles"), &body)?;
    }
    for role in &roles.remove {
        let below = format!("/roles/{}", role.as_str());
        answer = session.call(Method::DELETE, &path(&roles.name, &below), None)?;
    }
    if answer.is_null() {
        return Err(Failure::Usage("say which role, with --add or --remove".to_owned()));
    }
    done(&answer, &format!("user {} holds: {}", roles.name, held(&answer)), output)
}

fn held(user: &Value) -> String {
    let grants = user["grants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let roles: Vec<&str> = grants.iter().filter_map(|grant| grant["role"].as_str()).collect();
    if roles.is_empty() { "nothing".to_owned() } else { roles.join(" ") }
}

fn list_users(session: &Session<'_>, output: &mut Output) -> Result {
    let mut users = session.list("/api/v1/users?limit=1000", "users", MAX_LISTED)?;
    if output.json {
        output.value(&Value::Array(users))?;
        return Ok(Exit::Done);
    }
    if users.is_empty() {
        output.note("nobody can log in yet; add somebody with: portcullis user add NAME");
        return Ok(Exit::Done);
    }
    for user in &mut users {
        user["roles"] = held(user).into();
    }
    let columns =
        [("name", "name"), ("active", "active"), ("roles", "roles"), ("factors", "factors")];
    output.table(&Table::of(&users, &columns))?;
    Ok(Exit::Done)
}

fn make(token: &Token, session: &Session<'_>, output: &mut Output) -> Result {
    let scope = match token.scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Payload => "payload",
        Scope::Provision => "provision",
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
