//! `portcullis review`: everybody's access, looked at and decided on.

use clap::{Subcommand, ValueEnum};
use model::RoleName;
use serde_json::{Value, json};

use super::agent::{done, in_seconds, seconds};
use super::session::Session;
use super::table::Table;
use super::{Exit, Output, Result};
use crate::visible::visible;

/// Items of one review that are listed.
const MAX_LISTED: usize = 250_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Begin an access review of what everybody may do now
    #[command(after_help = "Example:\n  portcullis review start")]
    Start,
    /// List the access reviews, the newest first
    #[command(after_help = "Example:\n  portcullis review list")]
    List,
    /// Show what a review looks at, and what was decided
    #[command(
        after_help = "Example:\n  portcullis review show 3 --undecided\n  portcullis review show 3 --json"
    )]
    Show {
        review: u64,
        /// Only what nobody has decided on
        #[arg(long)]
        undecided: bool,
    },
    /// Keep, narrow or revoke one thing; it is done at once
    #[command(
        after_help = "Example:\n  portcullis review decide 3 17 keep --reason \"still on call\"\n  portcullis review decide 3 18 narrow --ends-in 7d --reason \"until the handover\"\n  portcullis review decide 3 21 revoke --reason \"not used for months\""
    )]
    Decide(Decide),
    /// Close a review; what is undecided is settled as at its deadline
    #[command(after_help = "Example:\n  portcullis review close 3")]
    Close { review: u64 },
    /// Print what a closed review came to: the bytes whose SHA-256 stands in the log
    #[command(after_help = "Example:\n  portcullis review evidence 3 > access-review-3.json")]
    Evidence { review: u64 },
}

#[derive(Debug, clap::Args)]
pub(super) struct Decide {
    review: u64,
    /// The number of the item
    item: u64,
    #[arg(value_enum)]
    decision: Decision,
    /// Why, for the record
    #[arg(long)]
    reason: String,
    /// To narrow a role, a token or a key: how long it still counts, such as 7d
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    ends_in: Option<u64>,
    /// To narrow an agent: a role that stays; may be given more than once
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<RoleName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Decision {
    Keep,
    Narrow,
    Revoke,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Start => {
            let answer = session.send("/api/v1/reviews", &json!({}))?;
            let (number, items) = (&answer["number"], &answer["counts"]["items"]);
            done(&answer, &format!("review {number} has begun; it looks at {items} things"), output)
        }
        Command::List => list(session, output),
        Command::Show { review, undecided } => show(*review, *undecided, session, output),
        Command::Decide(decide) => self::decide(decide, session, output),
        Command::Close { review } => {
            let answer = session.send(&path(*review, "/close"), &json!({}))?;
            let hash = answer["hash"].as_str().unwrap_or_default();
            done(&answer, &format!("closed; SHA-256 of the evidence: {}", visible(hash)), output)
        }
        Command::Evidence { review } => {
            // Written again as it was written: without blanks, in the order of its names.
            let evidence = session.read(&path(*review, "/evidence"))?;
            output.text(&evidence.to_string())?;
            Ok(Exit::Done)
        }
    }
}

fn path(review: u64, below: &str) -> String {
    format!("/api/v1/reviews/{review}{below}")
}

fn list(session: &Session<'_>, output: &mut Output) -> Result {
    let answer = session.read("/api/v1/reviews")?;
    if output.json {
        output.value(&answer["reviews"])?;
        return Ok(Exit::Done);
    }
    let mut found = answer["reviews"].as_array().cloned().unwrap_or_default();
    if found.is_empty() {
        output.note("no access was reviewed yet; begin with: portcullis review start");
        return Ok(Exit::Done);
    }
    for one in &mut found {
        let counts = one["counts"].clone();
        for name in ["items", "kept", "narrowed", "revoked", "escalated", "undecided"] {
            one[name] = counts[name].clone();
        }
    }
    let columns = [
        ("review", "number"),
        ("began", "started"),
        ("deadline", "deadline"),
        ("closed", "closed"),
        ("items", "items"),
        ("kept", "kept"),
        ("narrowed", "narrowed"),
        ("revoked", "revoked"),
        ("escalated", "escalated"),
        ("undecided", "undecided"),
    ];
    output.table(&Table::of(&found, &columns))?;
    Ok(Exit::Done)
}

fn show(review: u64, undecided: bool, session: &Session<'_>, output: &mut Output) -> Result {
    let path = path(review, "/items?limit=1000");
    let mut items = session.list(&path, "items", MAX_LISTED)?;
    if undecided {
        items.retain(|item| item["decision"].is_null());
    }
    if output.json {
        output.value(&Value::Array(items))?;
        return Ok(Exit::Done);
    }
    let columns = [
        ("item", "number"),
        ("kind", "kind"),
        ("who", "holder"),
        ("holds", "held"),
        ("by", "granted_by"),
        ("ends", "ends"),
        ("last used", "last_used"),
        ("last seen", "last_seen"),
        ("decision", "decision"),
        ("outcome", "outcome"),
    ];
    output.table(&Table::of(&items, &columns))?;
    Ok(Exit::Done)
}

fn decide(decide: &Decide, session: &Session<'_>, output: &mut Output) -> Result {
    let decision = match decide.decision {
        Decision::Keep => "keep",
        Decision::Narrow => "narrow",
        Decision::Revoke => "revoke",
    };
    let roles = Some(&decide.roles).filter(|roles| !roles.is_empty());
    let body = json!({
        "decision": decision, "reason": decide.reason,
        "ends": decide.ends_in.map(in_seconds), "roles": roles,
    });
    let path = path(decide.review, &format!("/items/{}/decide", decide.item));
    let answer = session.send(&path, &body)?;
    let outcome = answer["outcome"].as_str().unwrap_or_default();
    done(&answer, &format!("decided: {}", visible(outcome)), output)
}
