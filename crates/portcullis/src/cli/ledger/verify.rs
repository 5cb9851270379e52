//! `portcullis ledger verify`: a log in a folder or behind an address, against keys.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ledger::note::{Checkpoint, KeyKind, VerifierKey};
use ledger::verify::{Fault, Folder, Part, Report, Source, SourceError, Trust, Verdict};
use model::Timestamp;

use super::remote::Remote;
use crate::cli::session::Session;
use crate::cli::{Exit, Failure, Output, Result};
use crate::visible::visible;

/// A file with a key or a checkpoint has at most this many bytes.
const MAX_SMALL_FILE: u64 = 64 << 10;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A folder, an address (http:// or https://), or an evidence file [default: the log of the
    /// data folder]
    #[arg(value_name = "LOG")]
    log: Option<String>,
    /// A file with the key that you trust; without it the log's own is used, which shows
    /// damage but no forgery
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    /// A file with the key of a witness that must have cosigned; may be given several times
    #[arg(long, value_name = "FILE")]
    witness: Vec<PathBuf>,
    /// A checkpoint of the log that you kept from before: shows a log that was rewritten since
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Check hashes and checkpoints alone, for who may not read the records
    #[arg(long)]
    hashes: bool,
}

pub(super) fn run(arguments: &Arguments, session: &Session<'_>, output: &mut Output) -> Result {
    let log = arguments.vkey.as_deref().map(|file| key(file, KeyKind::Log)).transpose()?;
    let witnesses = arguments.witness.iter().map(|file| key(file, KeyKind::Witness));
    let witnesses = witnesses.collect::<std::result::Result<Vec<_>, _>>()?;
    let known = kept(&arguments.checkpoint, log.as_ref())?;
    let trust = Trust { log: log.as_ref(), witnesses: &witnesses, known: &known };
    let report = read(arguments, session, &trust)?;
    tell(&report, arguments.hashes, output)
}

/// Verifies the log in a folder.
pub(super) fn folder(folder: &Path, vkey: Option<&Path>, output: &mut Output) -> Result {
    let log = vkey.map(|file| key(file, KeyKind::Log)).transpose()?;
    let trust = Trust { log: log.as_ref(), ..Trust::default() };
    let report = ledger::verify::verify(&mut Folder::new(folder), &trust);
    tell(&report.map_err(|error| Failure::Failed(error.into()))?, false, output)
}

fn tell(report: &Report, is_hashes: bool, output: &mut Output) -> Result {
    if output.json {
        let report = serde_json::to_value(report).context("the report cannot be written")?;
        output.value(&report)?;
    } else {
        show(report, output)?;
    }
    Ok(match report.verdict {
        Verdict::Verified | Verdict::Retained => Exit::Done,
        Verdict::HashesOnly if is_hashes => Exit::Done,
        _ => Exit::Found,
    })
}

fn read(
    arguments: &Arguments,
    session: &Session<'_>,
    trust: &Trust<'_>,
) -> std::result::Result<Report, Failure> {
    let failed = |error: SourceError| Failure::Failed(error.into());
    let log = arguments.log.as_deref();
    if let Some(url) = log.filter(|log| log.starts_with("http://") || log.starts_with("https://")) {
        let mut remote = Remote::new(url, session.environment.get("PORTCULLIS_TOKEN"))?;
        if arguments.hashes {
            remote.without_entries();
        }
        return ledger::verify::verify(&mut remote, trust).map_err(failed);
    }
    let folder = match log {
        Some(folder) => PathBuf::from(folder),
        None => session.ledger()?,
    };
    if folder.is_file() {
        let bytes = whole(&folder, ledger::bundle::MAX_BYTES as u64 + 1)?;
        return ledger::bundle::verify(&bytes, trust)
            .map_err(|error| Failure::Failed(error.into()));
    }
    if !folder.is_dir() {
        let name = folder.display();
        let problem =
            format!("{name} is nothing; name a log's folder or address, or an evidence file");
        return Err(Failure::Usage(problem));
    }
    let mut local = Local { folder: Folder::new(&folder), is_hashes: arguments.hashes };
    ledger::verify::verify(&mut local, trust).map_err(failed)
}

/// A folder, perhaps without its records.
struct Local {
    folder: Folder,
    is_hashes: bool,
}

impl Source for Local {
    fn offers(&mut self, part: Part) -> std::result::Result<bool, SourceError> {
        Ok(part != Part::Entries || !self.is_hashes)
    }

    fn read(&mut self, path: &str) -> std::result::Result<Option<Vec<u8>>, SourceError> {
        self.folder.read(path)
    }

    fn segments(&mut self) -> std::result::Result<Vec<u64>, SourceError> {
        if self.is_hashes { Ok(Vec::new()) } else { self.folder.segments() }
    }
}

fn small(file: &Path) -> std::result::Result<Vec<u8>, Failure> {
    whole(file, MAX_SMALL_FILE)
}

fn whole(file: &Path, most: u64) -> std::result::Result<Vec<u8>, Failure> {
    use std::io::Read;
    let named = || file.display().to_string();
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).with_context(named)?;
    opened.take(most).read_to_end(&mut bytes).with_context(named)?;
    Ok(bytes)
}

pub(super) fn key(file: &Path, kind: KeyKind) -> std::result::Result<VerifierKey, Failure> {
    let named = |problem: String| Failure::Usage(format!("{}: {problem}", file.display()));
    let text = String::from_utf8_lossy(&small(file)?).into_owned();
    let key: VerifierKey = text.trim().parse().map_err(|error| named(format!("{error}")))?;
    match (kind, key.kind() == kind) {
        (_, true) => Ok(key),
        (KeyKind::Log, false) => Err(named("this is a witness's key; give it by --witness".into())),
        (KeyKind::Witness, false) => Err(named("this is a log's key; give it by --vkey".into())),
    }
}

/// The reader's own checkpoints, which only a key that the reader trusts makes worth something.
fn kept(
    files: &[PathBuf],
    key: Option<&VerifierKey>,
) -> std::result::Result<Vec<Checkpoint>, Failure> {
    let read = |file: &PathBuf| {
        let Some(key) = key else {
            return Err(Failure::Usage("--checkpoint needs the log's key by --vkey".to_owned()));
        };
        Checkpoint::open(&small(file)?, key)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))
    };
    files.iter().map(read).collect()
}

fn show(report: &Report, output: &mut Output) -> std::io::Result<()> {
    output.line(match report.verdict {
        Verdict::Verified => "VERIFIED: every record is proved, and everything fits",
        Verdict::Retained => {
            "VERIFIED IN PART: every record that is left is proved; retention dropped the rest"
        }
        Verdict::EndUnproven => {
            "END UNPROVEN: what the checkpoint covers fits; the end is not proved"
        }
        Verdict::HashesOnly => "HASHES ONLY: the tree fits; the records were not read",
        Verdict::Failed => "FAILED: something does not fit",
    })?;
    if let Some(fault) = report.first_bad_record() {
        output.line(format_args!("first bad    {}", told(fault)))?;
    }
    output.line(format_args!("origin       {}", visible(&report.origin)))?;
    let whose = if report.is_key_trusted {
        "the one you gave"
    } else {
        "the log's own: no proof against forgery"
    };
    output.line(format_args!("key          {} ({whose})", visible(&report.key)))?;
    output.line(format_args!(
        "proven       {} of {} records, root {}",
        report.proven,
        report.size,
        visible(&report.root)
    ))?;
    if report.dropped > 0 {
        let first = report.dropped;
        output.line(format_args!(
            "dropped      entries before {first} were dropped by retention; their hashes are here"
        ))?;
    }
    output.line(format_args!(
        "unproven     {} records, {} torn bytes",
        report.unproven, report.torn_bytes
    ))?;
    output.line(format_args!("checkpoints  {} agree", report.checkpoints))?;
    for seen in &report.witnesses {
        let name = seen.key.split('+').next().unwrap_or_default();
        let micros = i64::try_from(seen.time).unwrap_or(i64::MAX / 1_000_000);
        let time = Timestamp::from_micros(micros.saturating_mul(1_000_000));
        let (name, size) = (visible(name), seen.size);
        output.line(format_args!("witness      {name} cosigned {size} records at {time}"))?;
    }
    if report.unfinished_count > 0 {
        output.line(format_args!(
            "unfinished   {} actions have no second record",
            report.unfinished_count
        ))?;
    }
    for what in &report.not_proved {
        output.line(format_args!("not proved   {}", visible(what)))?;
    }
    for fault in &report.faults {
        output.line(format_args!("fault        {}", told(fault)))?;
    }
    let more = report.fault_count.saturating_sub(report.faults.len() as u64);
    if more > 0 {
        output.line(format_args!("fault        and {more} more"))?;
    }
    Ok(())
}

fn told(fault: &Fault) -> String {
    let index = fault.index.map(|index| format!("record {index}, ")).unwrap_or_default();
    let offset = fault.offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
    format!("{index}{}{offset}: {}", visible(&fault.file), visible(&fault.message))
}
