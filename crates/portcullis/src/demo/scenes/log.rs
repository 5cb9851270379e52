//! The log lies cold: it verifies, and a copy with one flipped bit does not.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ledger::note::VerifierKey;
use ledger::verify::{Fault, Folder, Report, Trust, Verdict, verify};
use serde_json::{Value, json};

use crate::demo::story::Story;

/// What is left when the gate has stopped.
pub(in crate::demo) struct Cold {
    pub(in crate::demo) log: PathBuf,
    pub(in crate::demo) vkey: VerifierKey,
    /// Where the changed copy goes.
    pub(in crate::demo) copy: PathBuf,
    /// The record that is changed in the copy.
    pub(in crate::demo) victim: String,
}

/// Tells of the log as it lies there.
pub(in crate::demo) fn play(cold: &Cold, story: &mut Story<'_>) -> anyhow::Result<()> {
    story.scene("log", "The log is proved, without trusting the gate");
    story.say("The gate has stopped in order. Its log is a folder: a Merkle tree over all records, signed. The verifier reads that folder and the public key noted at the start, nothing else (as `portcullis ledger verify` does):");
    let report = check(&cold.log, &cold.vkey)?;
    story.show("records", &report.proven.to_string());
    story.show("root", &report.root);
    story.show("checkpoints", &format!("{} agree", report.checkpoints));
    story.show("key", &report.key);
    story.fact("records", report.proven);
    story.fact("root", report.root.as_str());
    story.fact("verdict", json!(report.verdict));
    story.check(
        "VERIFIED: every record is proved, and everything fits",
        report.verdict == Verdict::Verified && report.proven > 0 && report.is_key_trusted,
    );
    story.check("no action was left without an end", report.unfinished_count == 0);
    tampered(cold, story)
}

fn check(folder: &Path, vkey: &VerifierKey) -> anyhow::Result<Report> {
    Ok(verify(&mut Folder::new(folder), &Trust::in_key(vkey))?)
}

/// Changes one bit of one record in a copy, and sees it found.
fn tampered(cold: &Cold, story: &mut Story<'_>) -> anyhow::Result<()> {
    copy(&cold.log, &cold.copy)?;
    let change = flip(&cold.copy, &cold.victim)?;
    story.say("And a log that somebody touched: in a copy of the folder, one bit of one byte is changed, in the record of rogue-bot's stream:");
    story.show("file", &change.file);
    story.show(
        "byte",
        &format!("{}: {:?} becomes {:?}", change.offset, change.before, change.after),
    );
    let report = check(&cold.copy, &cold.vkey)?;
    let fault = report.first_bad_record();
    story.fact("changed", json!({ "file": change.file, "offset": change.offset }));
    story.fact("tampered", serde_json::to_value(&report)?);
    story.show(
        "the verifier",
        &format!("{:?}: {} things do not fit", report.verdict, report.fault_count),
    );
    for fault in &report.faults {
        story.show("", &told(fault));
    }
    let is_there = fault.is_some_and(|fault| {
        let start = fault.offset.and_then(|offset| usize::try_from(offset).ok());
        fault.file == change.file
            && start.is_some_and(|start| (start..change.end).contains(&change.offset))
    });
    story.check(
        "the verifier finds it, and names the file, the record and where it begins",
        report.verdict == Verdict::Failed && is_there,
    );
    Ok(())
}

/// One fault for people.
fn told(fault: &Fault) -> String {
    let index = fault.index.map(|index| format!("record {index}, ")).unwrap_or_default();
    let offset = fault.offset.map(|offset| format!(" from byte {offset}")).unwrap_or_default();
    format!("{index}{}{offset}: {}", fault.file, fault.message)
}

/// One changed byte.
struct Change {
    /// Relative to the log's folder.
    file: String,
    offset: usize,
    /// Where the changed record ends.
    end: usize,
    before: char,
    after: char,
}

/// Changes the first letter of the status in the last record with this id.
fn flip(log: &Path, id: &str) -> anyhow::Result<Change> {
    for file in bundles(log)? {
        let path = log.join(&file);
        let mut bytes = std::fs::read(&path)?;
        let Some(offset) = status_of(&bytes, id) else { continue };
        let end = offset + find(&bytes[offset..], b"}").context("the record has no end")?;
        let byte = bytes.get_mut(offset).context("the record has no status")?;
        let before = char::from(*byte);
        *byte ^= 1;
        let after = char::from(*byte);
        std::fs::write(&path, &bytes)?;
        return Ok(Change { file, offset, end, before, after });
    }
    anyhow::bail!("the record {id} is in no bundle of the log")
}

/// Where the status begins in the last record with this id.
fn status_of(bytes: &[u8], id: &str) -> Option<usize> {
    const STATUS: &[u8] = b"\"status\":\"";
    let start = bytes.windows(id.len()).rposition(|window| window == id.as_bytes())?;
    let status = find(bytes.get(start..)?, STATUS)?;
    Some(start + status + STATUS.len())
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

/// The bundles of records, the widest first: those are the ones that a verifier reads.
fn bundles(log: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    collect(log, Path::new("tile/entries"), &mut found)?;
    found.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    Ok(found.into_iter().map(|(_, file)| file).collect())
}

fn collect(log: &Path, below: &Path, found: &mut Vec<(u64, String)>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(log.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(log, &path, found)?;
        } else {
            found.push((entry.metadata()?.len(), path.display().to_string()));
        }
    }
    Ok(())
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// The record that is changed: the stream that was cut.
pub(in crate::demo) fn victim(calls: &[(String, String, u16)]) -> anyhow::Result<String> {
    let cut = calls.iter().find(|(agent, ..)| agent == "rogue-bot");
    cut.map(|(_, id, _)| id.clone()).context("rogue-bot made no call")
}

/// For machines: which key the log was verified with.
pub(in crate::demo) fn key(cold: &Cold) -> Value {
    json!(cold.vkey.to_string())
}
