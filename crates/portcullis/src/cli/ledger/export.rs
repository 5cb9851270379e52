//! `portcullis ledger export`: records as lines, or as evidence that verifies offline.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use ledger::bundle::{Content, Policy};
use ledger::note::{KeyKind, VerifierKey};
use ledger::verify::{Folder, Source};
use model::Timestamp;
use serde_json::Value;

use super::csv;
use super::remote::Remote;
use super::search::Search;
use super::verify::key;
use crate::cli::session::Session;
use crate::cli::{Exit, Failure, Output, Result};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    search: Search,
    /// How records are written
    #[arg(long, value_enum, default_value = "jsonl", conflicts_with = "bundle")]
    format: Format,
    /// Write one evidence file instead: the records, their proofs, the signed checkpoint, the
    /// policy in force now, a page for people. `ledger verify` checks it, offline
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// With --bundle: the key of a witness, to go into it; may be given several times
    #[arg(long, value_name = "FILE", requires = "bundle")]
    witness: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The records, one JSON object a line
    Jsonl,
    /// A table of their main fields (RFC 4180); nothing in it acts as a formula
    Csv,
}

pub(super) fn run(arguments: &Arguments, session: &Session<'_>, output: &mut Output) -> Result {
    let limit = arguments.search.limit.unwrap_or(usize::MAX);
    let path = arguments.search.path(limit);
    let Some(file) = &arguments.bundle else {
        if arguments.format == Format::Csv {
            output.line(csv::heading())?;
        }
        session.pages(&path, "records", limit, |item| {
            match arguments.format {
                Format::Jsonl => output.json_line(&item["record"])?,
                Format::Csv => output.line(csv::line(&item["record"]))?,
            }
            Ok(())
        })?;
        return Ok(Exit::Done);
    };
    let mut positions = Vec::new();
    session.pages(&path, "records", limit.min(ledger::bundle::MAX_RECORDS + 1), |item| {
        // An action that took time has two records, and both are evidence.
        positions.extend([&item["position"], &item["begun"]].into_iter().filter_map(Value::as_u64));
        Ok(())
    })?;
    let content = content(arguments, &positions, session)?;
    let bytes = content.encode().map_err(failed)?;
    save(file, &bytes).with_context(|| file.display().to_string())?;
    let (count, file) = (content.items.len(), file.display());
    output.note(format_args!("{count} records with their proofs are in {file}"));
    Ok(Exit::Done)
}

fn failed(error: impl Into<anyhow::Error>) -> Failure {
    Failure::Failed(error.into())
}

fn content(
    arguments: &Arguments,
    positions: &[u64],
    session: &Session<'_>,
) -> std::result::Result<Content, Failure> {
    let mut source = source(session)?;
    let vkey = source.read("vkey").map_err(failed)?.context("the log has no vkey")?;
    let vkey: VerifierKey = String::from_utf8_lossy(&vkey).trim().parse().map_err(failed)?;
    let witnesses = arguments.witness.iter().map(|file| key(file, KeyKind::Witness));
    let witnesses = witnesses.collect::<std::result::Result<_, _>>()?;
    let gathered = Content::gather(&mut *source, &vkey, positions).map_err(failed)?;
    Ok(Content {
        about: arguments.search.about(),
        made: Timestamp::from_system(SystemTime::now()).to_string(),
        witnesses,
        policies: policies(&session.read("/api/v1/policy")?),
        ..gathered
    })
}

/// Where the running instance's log is read: its folder, or the address of another machine.
fn source(session: &Session<'_>) -> std::result::Result<Box<dyn Source>, Failure> {
    if let Some(server) = &session.global.server {
        let url = format!("{}/ledger/main", server.trim_end_matches('/'));
        let remote = Remote::new(&url, session.environment.get("PORTCULLIS_TOKEN"))?;
        return Ok(Box::new(remote));
    }
    let folder = session.ledger()?;
    Ok(Box::new(Folder::new(&folder)))
}

/// The policy in force, as the instance tells it.
fn policies(answer: &Value) -> Vec<Policy> {
    let version = answer["version"].as_str().unwrap_or_default();
    let sources = answer["sources"].as_array().cloned().unwrap_or_default();
    let policy = |source: &Value| Policy {
        name: format!("{} (version {version})", source["name"].as_str().unwrap_or_default()),
        text: source["text"].as_str().unwrap_or_default().to_owned(),
    };
    sources.iter().map(policy).collect()
}

/// A new file for its owner alone; never over an existing one.
pub(super) fn save(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
