//! `portcullis ledger`: the log.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use ledger::note::VerifierKey;
use ledger::verify::{Folder, Report, Verdict};
use model::RecordId;
use serde_json::{Value, json};

use super::session::{Session, encode};
use super::table::Table;
use super::{Exit, Failure, Output, Result};
use crate::config::Secrets;
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a log that lies in a folder: every record, tile and checkpoint. Needs no instance
    #[command(
        after_help = "Example:\n  portcullis ledger verify portcullis-data/ledger/main --vkey gate.vkey\n\nExit status 3 says that something does not fit, or that the end is not proved."
    )]
    Verify {
        /// The log's folder [default: that of the data folder]
        folder: Option<PathBuf>,
        /// A file with the key that you trust; without it the log's own is used, which shows
        /// damage but no forgery
        #[arg(long, value_name = "FILE")]
        vkey: Option<PathBuf>,
    },
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
        after_help = "Example:\n  portcullis ledger export --since 2026-11-01T00:00:00Z > november.jsonl"
    )]
    Export(Search),
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
    fn path(&self, limit: usize) -> String {
        let given = [
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
        ];
        let mut path = format!("/api/v1/records?limit={}", limit.min(PAGE));
        for (name, value) in given {
            if let Some(value) = value {
                path.push_str(&format!("&{name}={}", encode(value)));
            }
        }
        path
    }
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Verify { folder, vkey } => {
            verify(folder.as_deref(), vkey.as_deref(), session, output)
        }
        Command::Search(search) => self::search(search, session, output),
        Command::Show { id } => value(&session.read(&format!("/api/v1/records/{id}"))?, output),
        Command::Prove { id } => {
            value(&session.read(&format!("/api/v1/records/{id}/proof"))?, output)
        }
        Command::Export(search) => export(search, session, output),
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

fn export(search: &Search, session: &Session<'_>, output: &mut Output) -> Result {
    let limit = search.limit.unwrap_or(usize::MAX);
    session.pages(&search.path(limit), "records", limit, |item| {
        Ok(output.json_line(&item["record"])?)
    })?;
    Ok(Exit::Done)
}

fn verify(
    folder: Option<&Path>,
    vkey: Option<&Path>,
    session: &Session<'_>,
    output: &mut Output,
) -> Result {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => session.config(Secrets::Leave)?.config.data.dir.join("ledger/main"),
    };
    if !folder.is_dir() {
        let problem = format!("{} is no folder; name the folder of a log", folder.display());
        return Err(Failure::Usage(problem));
    }
    let trusted = vkey.map(trusted).transpose()?;
    let report = ledger::verify::verify(&mut Folder::new(&folder), trusted.as_ref(), &[]);
    let report = report.map_err(|error| Failure::Failed(error.into()))?;
    let exit = if report.verdict == Verdict::Verified { Exit::Done } else { Exit::Found };
    if output.json {
        let report = serde_json::to_value(&report).context("the report cannot be written")?;
        output.value(&report)?;
    } else {
        show(&report, output)?;
    }
    Ok(exit)
}

fn trusted(file: &Path) -> std::result::Result<VerifierKey, Failure> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    text.trim().parse().map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))
}

fn show(report: &Report, output: &mut Output) -> std::io::Result<()> {
    let verdict = match report.verdict {
        Verdict::Verified => "VERIFIED: every record is proved, and everything fits",
        Verdict::EndUnproven => {
            "END UNPROVEN: what the checkpoint covers fits; the end is not proved"
        }
        Verdict::Failed => "FAILED: something does not fit",
    };
    output.line(verdict)?;
    output.line(format_args!("origin       {}", visible(&report.origin)))?;
    let whose = if report.is_key_trusted {
        "the one you gave"
    } else {
        "the log's own: no proof against forgery"
    };
    output.line(format_args!("key          {} ({whose})", visible(&report.key)))?;
    output.line(format_args!(
        "proven       {} records, root {}",
        report.proven,
        visible(&report.root)
    ))?;
    output.line(format_args!(
        "unproven     {} records, {} torn bytes",
        report.unproven, report.torn_bytes
    ))?;
    output.line(format_args!("checkpoints  {} agree", report.checkpoints))?;
    if report.unfinished_count > 0 {
        output.line(format_args!(
            "unfinished   {} actions have no second record",
            report.unfinished_count
        ))?;
    }
    for fault in &report.faults {
        let index = fault.index.map(|index| format!("record {index}: ")).unwrap_or_default();
        output.line(format_args!(
            "fault        {}: {index}{}",
            visible(&fault.file),
            visible(&fault.message)
        ))?;
    }
    let more = report.fault_count.saturating_sub(report.faults.len() as u64);
    if more > 0 {
        output.line(format_args!("fault        and {more} more"))?;
    }
    Ok(())
}
