//! `portcullis agent key`: what an agent's calls are recognised by, besides certificates.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use hyper::Method;
use model::{AgentName, SigningKeyId};
use serde_json::{Value, json};

use super::agent::{done, in_seconds, path, seconds};
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Output, Result};
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take requests that are signed with a key (RFC 9421) for an agent's, from the next one on
    #[command(
        after_help = "Example:\n  portcullis agent key add support-bot --public-key bot.pub.pem --id bot-2026"
    )]
    Add(Add),
    /// List an agent's keys, and the keys that it signs with
    #[command(after_help = "Example:\n  portcullis agent key list support-bot")]
    List { agent: AgentName },
    /// Take a key no more, from the next call on, nor tokens that were given for it
    #[command(after_help = "Example:\n  portcullis agent key revoke support-bot bot-2026")]
    Revoke {
        agent: AgentName,
        /// The id of a signing key, or the hash of a key as `list` shows it
        key: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    agent: AgentName,
    /// A file with the public key, PEM: Ed25519 or ECDSA P-256
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// The `keyid` of its signatures [default: the key's thumbprint]
    #[arg(long)]
    id: Option<SigningKeyId>,
    /// How long its signatures are taken, such as 90d; without, until it is revoked
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    expires_in: Option<u64>,
}

pub(super) fn run(command: Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Add(add) => self::add(&add, session, output),
        Command::List { agent } => list(&agent, session, output),
        Command::Revoke { agent, key } => revoke(&agent, &key, session, output),
    }
}

fn add(add: &Add, session: &Session<'_>, output: &mut Output) -> Result {
    let shown = || format!("the file {}", add.public_key.display());
    let pem = std::fs::read_to_string(&add.public_key).with_context(shown)?;
    let expires = add.expires_in.map(in_seconds);
    let body = json!({"id": add.id, "public_key": pem, "expires": expires});
    let answer = session.send(&format!("{}/signing_keys", path(&add.agent)), &body)?;
    let id = visible(answer["id"].as_str().unwrap_or_default()).into_owned();
    done(&answer, &format!("agent {} may sign as {id}", add.agent), output)
}

fn list(agent: &AgentName, session: &Session<'_>, output: &mut Output) -> Result {
    let keys = session.read(&format!("{}/keys", path(agent)))?["keys"].take();
    let signing = session.read(&format!("{}/signing_keys", path(agent)))?["signing_keys"].take();
    if output.json {
        output.value(&json!({"keys": keys, "signing_keys": signing}))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Value> = [(keys, "hash", "key"), (signing, "id", "signing key")]
        .iter()
        .flat_map(|(list, name, kind)| {
            let rows = list.as_array().map(Vec::as_slice).unwrap_or_default();
            rows.iter().map(move |row| row_of(row, name, kind))
        })
        .collect();
    let columns = [
        ("key", "key"),
        ("kind", "kind"),
        ("label", "label"),
        ("from", "origin"),
        ("created", "created"),
        ("expires", "expires"),
    ];
    output.table(&Table::of(&rows, &columns))?;
    Ok(Exit::Done)
}

/// Both kinds of key as rows of one table.
fn row_of(row: &Value, name: &str, kind: &str) -> Value {
    let label = row.get("label").or_else(|| row.get("algorithm"));
    json!({
        "key": row[name], "kind": kind, "label": label, "origin": row["origin"],
        "created": row["created"], "expires": row["expires"],
    })
}

fn revoke(agent: &AgentName, key: &str, session: &Session<'_>, output: &mut Output) -> Result {
    // A signing key may be called anything, so whether there is one of this name comes first.
    let signing = session.read(&format!("{}/signing_keys", path(agent)))?;
    let mut ids = signing["signing_keys"].as_array().into_iter().flatten();
    let collection = match ids.any(|known| known["id"] == key) {
        true => "signing_keys",
        false => "keys",
    };
    let place = format!("{}/{collection}/{}", path(agent), encode(key));
    let answer = session.call(Method::DELETE, &place, None)?;
    done(&answer, &format!("agent {agent}: the key {} is revoked", visible(key)), output)
}
