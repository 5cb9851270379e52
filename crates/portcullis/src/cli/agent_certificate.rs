//! `portcullis agent cert`: which names in client certificates stand for which agent.

use clap::Subcommand;
use hyper::Method;
use model::{AgentName, CertificateSerial, CertificateSubject};
use serde_json::{Value, json};

use super::agent::{done, path};
use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Output, Result};

/// Lists end here.
const MAX_LISTED: usize = 100_000;

const REVOKED: &str = "/api/v1/revoked_certificates";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take certificates with a name for an agent's, from the next call on
    #[command(
        after_help = "Example:\n  portcullis agent cert add support-bot spiffe://example.com/agents/support-bot"
    )]
    Add {
        agent: AgentName,
        /// A SPIFFE id, or `CN=` and the common name of the certificate's subject
        subject: CertificateSubject,
    },
    /// List the names in certificates that stand for an agent
    #[command(after_help = "Example:\n  portcullis agent cert list support-bot")]
    List { agent: AgentName },
    /// Let a name stand for nobody any more
    #[command(
        after_help = "Example:\n  portcullis agent cert remove support-bot spiffe://example.com/agents/support-bot"
    )]
    Remove { agent: AgentName, subject: CertificateSubject },
    /// Take one certificate no more, by its serial number; on open connections either
    #[command(
        after_help = "Example:\n  portcullis agent cert revoke 4f:09:c2:e7 --reason \"the machine was stolen\""
    )]
    Revoke {
        /// In hexadecimal, as `openssl x509 -serial` shows it
        serial: CertificateSerial,
        /// Why, for the record
        #[arg(long)]
        reason: String,
    },
    /// Take a revocation back that was a mistake
    #[command(after_help = "Example:\n  portcullis agent cert reinstate 4f:09:c2:e7")]
    Reinstate { serial: CertificateSerial },
    /// List the certificates that are not taken any more
    #[command(after_help = "Example:\n  portcullis agent cert revoked --json")]
    Revoked,
}

pub(super) fn run(command: Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Add { agent, subject } => {
            let body = json!({"subject": subject});
            let answer = session.send(&format!("{}/certificates", path(&agent)), &body)?;
            done(&answer, &format!("{subject} stands for agent {agent}"), output)
        }
        Command::List { agent } => list(&agent, session, output),
        Command::Remove { agent, subject } => {
            let place = format!("{}/certificates/{}", path(&agent), encode(subject.as_str()));
            let answer = session.call(Method::DELETE, &place, None)?;
            done(&answer, &format!("{subject} stands for nobody"), output)
        }
        Command::Revoke { serial, reason } => {
            let answer = session.send(REVOKED, &json!({"serial": serial, "reason": reason}))?;
            done(&answer, &format!("certificate {serial} is revoked"), output)
        }
        Command::Reinstate { serial } => {
            let answer = session.call(Method::DELETE, &format!("{REVOKED}/{serial}"), None)?;
            done(&answer, &format!("certificate {serial} is taken again"), output)
        }
        Command::Revoked => revoked(session, output),
    }
}

fn list(agent: &AgentName, session: &Session<'_>, output: &mut Output) -> Result {
    let names = session.read(&format!("{}/certificates", path(agent)))?["certificates"].take();
    if output.json {
        output.value(&names)?;
        return Ok(Exit::Done);
    }
    let names = names.as_array().map(Vec::as_slice).unwrap_or_default();
    let columns = [("subject", "subject"), ("from", "origin"), ("created", "created")];
    output.table(&Table::of(names, &columns))?;
    Ok(Exit::Done)
}

fn revoked(session: &Session<'_>, output: &mut Output) -> Result {
    let path = format!("{REVOKED}?limit=1000");
    let mut all = session.list(&path, "revoked_certificates", MAX_LISTED)?;
    let configured = session.read(&format!("{REVOKED}?limit=1"))?["configured"].take();
    let configured = configured.as_array().into_iter().flatten();
    all.extend(configured.map(|serial| json!({"serial": serial, "who": "configuration"})));
    if output.json {
        output.value(&Value::Array(all))?;
        return Ok(Exit::Done);
    }
    let columns = [("serial", "serial"), ("since", "since"), ("by", "who"), ("reason", "reason")];
    output.table(&Table::of(&all, &columns))?;
    Ok(Exit::Done)
}
