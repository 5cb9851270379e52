//! `portcullis ledger`: the log.

mod archive;
mod export;
mod hold;
mod payload;
mod remote;
mod verify;

use clap::Subcommand;
use model::RecordId;
use serde_json::{Value, json};

use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Output, Result};
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a log: every record, tile and checkpoint. Needs no instance, and trusts none
    #[command(
        after_help = "Example:\n  portcullis ledger verify portcullis-data/ledger/main --vkey gate.vkey\n  portcullis ledger verify https://gate.example.com:4180/ledger/main --vkey gate.vkey --witness w1.vkey\n\nExit status 3 says that something does not fit, or that the end or the records are not proved."
    )]
    Verify(verify::Arguments),
    /// Search the activity records, newest first
    #[command(
        after_help = "Example:\n  portcullis ledger search --agent support-bot --effect deny --since 2026-11-23T00:00:00Z"
    )]
    Search(Search),
    /// Show one record, as it stands in the log
    #[command(
        after_help = "Example:\n  portcullis ledger show act_0190c2f0-0000-7000-8000-000000000000"
    )]
    Show { id: RecordId },
    /// Print the proof that a record is in the log
    #[command(
        after_help = "Example:\n  portcullis ledger prove act_0190c2f0-0000-7000-8000-000000000000 > proof.json"
    )]
    Prove { id: RecordId },
    /// Write records, one JSON object a line, newest first
    #[command(
        after_help = "Example:\n  portcullis ledger export --since 2026-11-01T00:00:00Z > november.jsonl\n  portcullis ledger export --agent support-bot --bundle evidence.tar"
    )]
    Export(export::Arguments),
    /// Show what was kept of an action's request and response; that leaves a record
    #[command(
        after_help = "Example:\n  portcullis ledger payload act_0190c2f0-0000-7000-8000-000000000000 --request"
    )]
    Payload(payload::Payload),
    /// Destroy the keys to what was kept of an agent or a person, for good
    #[command(
        after_help = "Example:\n  portcullis ledger erase --person ann@example.com --reason \"asked to, case 12\"\n\nThe records stay and still verify; what they refer to can never be read again."
    )]
    Erase(payload::Erase),
    /// Keys: exchange those of one level
    #[command(subcommand, after_help = "Example:\n  portcullis ledger keys rotate data")]
    Keys(payload::Keys),
    /// Copy the log to another place, checked as it is made; the next time, what is new
    #[command(
        after_help = "Example:\n  portcullis ledger archive --to /mnt/archive/gate\n\nNeeds no instance; the one that writes the log may run meanwhile."
    )]
    Archive(archive::Archive),
    /// Bring an archived log back into an empty folder, and verify it
    #[command(
        after_help = "Example:\n  portcullis ledger restore --from /mnt/archive/gate --to restored --vkey gate.vkey"
    )]
    Restore(archive::Restore),
    /// Legal holds: what retention and erasure leave alone
    #[command(subcommand, after_help = "Example:\n  portcullis ledger hold list")]
    Hold(hold::Command),
    /// Let go what was kept long enough, by [[retention]] of the configuration
    #[command(after_help = "Example:\n  portcullis ledger retain --now")]
    Retain(hold::Retain),
}

#[derive(Debug, clap::Args)]
pub(super) struct Search {
    #[arg(long)]
    agent: Option<String>,
    /// On whose behalf
    #[arg(long)]
    user: Option<String>,
    /// Such as llm.call or admin.change
    #[arg(long)]
    kind: Option<String>,
    /// permit, redact, hold or deny
    #[arg(long)]
    effect: Option<String>,
    /// begun, ok, refused, failed, cancelled, cut or interrupted
    #[arg(long)]
    status: Option<String>,
    #[arg(long)]
    provider: Option<String>,
    /// Such as openai/gpt-4o
    #[arg(long)]
    resource: Option<String>,
    #[arg(long)]
    session: Option<String>,
    /// A kind of finding such as secret.github_token, or a family such as secret
    #[arg(long)]
    finding: Option<String>,
    /// The first moment, such as 2026-11-23T14:00:00Z
    #[arg(long)]
    since: Option<String>,
    /// The first moment after
    #[arg(long)]
    until: Option<String>,
    /// How many at most [default: 50; all for an export]
    #[arg(long)]
    limit: Option<usize>,
}

/// Records on one page of the answer.
const PAGE: usize = 200;

impl Search {
    /// The filters by their names, in words.
    fn about(&self) -> String {
        let given = self.given();
        let words =
            given.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)));
        let words: Vec<String> = words.collect();
        let limit = self.limit.map(|limit| format!(", the newest {limit}")).unwrap_or_default();
        match words.is_empty() {
            true => format!("all records{limit}"),
            false => format!("records with {}{limit}", words.join(", ")),
        }
    }

    fn path(&self, limit: usize) -> String {
        let mut path = format!("/api/v1/records?limit={}", limit.min(PAGE));
        for (name, value) in self.given() {
            if let Some(value) = value {
                path.push_str(&format!("&{name}={}", encode(value)));
            }
        }
        path
    }

    fn given(&self) -> [(&'static str, &Option<String>); 11] {
        [
            ("agent", &self.agent),
            ("user", &self.user),
            ("kind", &self.kind),
            ("effect", &self.effect),
            ("status", &self.status),
            ("provider", &self.provider),
            ("resource", &self.resource),
            ("session", &self.session),
            ("finding", &self.finding),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Verify(arguments) => verify::run(arguments, session, output),
        Command::Search(search) => self::search(search, session, output),
        Command::Show { id } => value(&session.read(&format!("/api/v1/records/{id}"))?, output),
        Command::Prove { id } => {
            value(&session.read(&format!("/api/v1/records/{id}/proof"))?, output)
        }
        Command::Export(arguments) => export::run(arguments, session, output),
        Command::Payload(arguments) => payload::payload(arguments, session, output),
        Command::Erase(arguments) => payload::erase(arguments, session, output),
        Command::Keys(command) => payload::keys(command, session, output),
        Command::Archive(arguments) => archive::archive(arguments, session, output),
        Command::Restore(arguments) => archive::restore(arguments, session, output),
        Command::Hold(command) => hold::run(command, session, output),
        Command::Retain(arguments) => hold::retain(arguments, session, output),
    }
}

fn value(value: &Value, output: &mut Output) -> Result {
    // JSON escapes control characters but not those that turn the text around.
    let text = if output.json { format!("{value:#}") } else { shown(&format!("{value:#}")) };
    output.line(text)?;
    Ok(Exit::Done)
}

fn shown(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

fn search(search: &Search, session: &Session<'_>, output: &mut Output) -> Result {
    let limit = search.limit.unwrap_or(50);
    let records = session.list(&search.path(limit), "records", limit)?;
    if output.json {
        output.value(&Value::Array(records))?;
        return Ok(Exit::Done);
    }
    if records.is_empty() {
        output.note("no record meets this");
        return Ok(Exit::Done);
    }
    let row = |item: &Value| {
        let record = &item["record"];
        json!({
            "time": record["time"], "agent": record["agent"], "kind": record["kind"],
            "effect": record["decision"]["effect"], "status": record["status"],
            "resource": record["resource"]["name"], "id": record["id"],
        })
    };
    let rows: Vec<Value> = records.iter().map(row).collect();
    let columns = ["time", "agent", "kind", "effect", "status", "resource", "id"];
    output.table(&Table::of(&rows, &columns.map(|name| (name, name))))?;
    Ok(Exit::Done)
}
