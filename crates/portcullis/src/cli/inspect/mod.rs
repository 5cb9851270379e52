//! `portcullis inspect`: the detectors, over a file or standard input; and what they are given to
//! look for besides what they know.

mod canary;
mod lines;
mod packages;
mod records;

use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use inspect::{
    Action, Detector, DetectorId, Direction, Engine, Fingerprint, Judgement, Match, Origin,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::session::Session;
use super::table::Table;
use super::{Exit, Failure, Output, Result};
use crate::config::Secrets;
use crate::inspection::Inspection;
use crate::keys::InspectionSecret;

/// Run the detectors over a file or standard input
///
/// Offsets count Unicode characters from 0, the end not included. The value itself is never
/// shown. Exit status 3 says that something was found; with --redact and --jsonl it is 0.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Example:
  portcullis inspect report.txt
  portcullis inspect --redact < report.txt > clean.txt
  echo '{\"id\":\"1\",\"text\":\"call me\",\"source\":\"user\"}' | portcullis inspect --jsonl"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    made: Option<Made>,
    /// The file; `-` is standard input [default: standard input]
    file: Option<PathBuf>,
    /// Write the text with everything masked that the settings do not allow
    #[arg(long, conflicts_with = "jsonl")]
    redact: bool,
    /// Read one {"id","text","source"} a line, and write one result a line, in order
    #[arg(long)]
    jsonl: bool,
    /// Which way the text is travelling [default: as its source says]
    #[arg(long, value_enum)]
    direction: Option<Way>,
    /// Who wrote the text: judges hear a person and a tool with other ears
    #[arg(long, value_enum, default_value = "file", conflicts_with = "jsonl")]
    source: Source,
    /// List the detectors instead
    #[arg(long)]
    detectors: bool,
    /// Name each credential by its fingerprint, as the records of this instance do; needs its root key
    #[arg(long)]
    fingerprints: bool,
}

/// What detectors are given to look for.
#[derive(Debug, Subcommand)]
enum Made {
    /// Sets of your own records, for exact match
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis inspect records build customers.txt --out customers.set"
    )]
    Records(records::Command),
    /// Lists of the packages that there are, for generated code
    #[command(
        subcommand,
        after_help = "Example:\n  portcullis inspect packages build --ecosystem npm names.txt --out npm.set"
    )]
    Packages(packages::Command),
    /// Values to plant, which nobody should ever send
    #[command(subcommand, after_help = "Example:\n  portcullis inspect canary new")]
    Canary(canary::Command),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    /// From an agent to a provider
    Request,
    /// From a provider to an agent
    Answer,
}

/// Who wrote a text; see [`inspect::Origin`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Source {
    User,
    Tool,
    Web,
    File,
    Model,
}

impl From<Source> for Origin {
    fn from(source: Source) -> Self {
        match source {
            Source::User => Self::User,
            Source::Tool => Self::Tool,
            Source::Web => Self::Web,
            Source::File => Self::File,
            Source::Model => Self::Model,
        }
    }
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Request => Self::Request,
            Way::Answer => Self::Answer,
        }
    }
}

/// A text or a line has at most this many bytes.
const MAX_TEXT: u64 = 256 * 1024 * 1024;

pub(super) fn run(arguments: &Arguments, session: &Session<'_>, output: &mut Output) -> Result {
    match &arguments.made {
        Some(Made::Records(command)) => return records::run(command, session, output),
        Some(Made::Packages(command)) => return packages::run(command, output),
        Some(Made::Canary(command)) => return canary::run(command, output),
        None => {}
    }
    let engine = engine(arguments.fingerprints, session)?;
    if arguments.detectors {
        return detectors(&engine, output);
    }
    let input: Box<dyn Read> = match &arguments.file {
        Some(file) if file.as_os_str() != "-" => {
            let open = std::fs::File::open(file);
            Box::new(open.with_context(|| format!("{} cannot be read", file.display()))?)
        }
        _ => Box::new(std::io::stdin()),
    };
    if arguments.jsonl {
        return lines(&engine, BufReader::new(input), output);
    }
    let mut bytes = Vec::new();
    input.take(MAX_TEXT + 1).read_to_end(&mut bytes).context("the input cannot be read")?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(Failure::Usage(format!("the input has more than {MAX_TEXT} bytes; cut it")));
    }
    let text = String::from_utf8_lossy(&bytes);
    let origin = arguments.source.into();
    let direction = arguments.direction.map_or_else(|| direction(origin), Direction::from);
    let found = examine(&engine, origin, direction, &text).found;
    if arguments.redact {
        output.text(&redacted(&engine, direction, &text, &found))?;
        return Ok(Exit::Done);
    }
    show(&engine, direction, &text, &found, output)
}

/// The engine as it is configured; only what needs the root key asks for it.
fn engine(with_fingerprints: bool, session: &Session<'_>) -> std::result::Result<Engine, Failure> {
    let (config, tenant) = (session.config(Secrets::Leave)?.config, session.tenant());
    let is_needed = with_fingerprints || !config.inspect.records.is_empty();
    let root = is_needed
        .then(|| InspectionSecret::open(&config, &tenant, session.environment))
        .transpose()?;
    let mut settings =
        Inspection::new(&config.inspect, root.as_ref().map(|root| (root, &tenant)), None)?.settings;
    if !with_fingerprints {
        settings.fingerprint_key = None;
    }
    Engine::compile(&settings).map_err(|error| Failure::Usage(error.to_string()))
}

/// One finding, of a detector or a judge.
struct Finding {
    detector: DetectorId,
    range: Range<usize>,
    confidence: f64,
    fingerprint: Option<Fingerprint>,
    /// Why a judge thinks so.
    reason: Option<String>,
}

/// What was made of a text.
struct Examined {
    /// In order.
    found: Vec<Finding>,
    /// How suspicious it is of giving a model orders, where a judge heard it.
    suspicion: Option<f32>,
}

fn examine(engine: &Engine, origin: Origin, direction: Direction, text: &str) -> Examined {
    let (mut matches, mut judgements) = (Vec::new(), Vec::new());
    engine.scan_views(direction, text.as_bytes(), &mut matches);
    let suspicion = engine.judge(origin, text, &mut judgements);
    let of_match = |Match { detector, range, fingerprint }| {
        let confidence = engine.detector(detector).confidence();
        Finding { detector, range, confidence, fingerprint, reason: None }
    };
    let of_judgement = |one: Judgement| Finding {
        detector: one.detector,
        range: one.range,
        confidence: (one.confidence * 1000.0).round() / 1000.0,
        fingerprint: None,
        reason: Some(one.reason.into_owned()),
    };
    let mut found: Vec<Finding> = matches.into_iter().map(of_match).collect();
    found.extend(judgements.into_iter().map(of_judgement));
    found.sort_by_key(|one| (one.range.start, one.range.end));
    Examined { found, suspicion }
}

/// Masks everything whose action is not to allow it, also what would block the whole.
fn redacted(engine: &Engine, direction: Direction, text: &str, found: &[Finding]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for found in found {
        let detector = engine.detector(found.detector);
        if detector.action(direction).passes() || found.range.start < at {
            continue;
        }
        out.push_str(&text[at..found.range.start]);
        out.push_str(&inspect::mask(detector));
        at = found.range.end;
    }
    out.push_str(&text[at..]);
    out
}

fn show(
    engine: &Engine,
    direction: Direction,
    text: &str,
    found: &[Finding],
    output: &mut Output,
) -> Result {
    let exit = if found.is_empty() { Exit::Done } else { Exit::Found };
    if output.json {
        let findings = findings(engine, text, found);
        output.value(
            &json!({ "findings": findings, "verdict": verdict(engine, direction, found) }),
        )?;
        return Ok(exit);
    }
    if found.is_empty() {
        output.note("nothing was found");
        return Ok(exit);
    }
    let mut table = Table::new(&["line", "kind", "severity", "confidence", "action", "why"]);
    for found in found {
        let detector = engine.detector(found.detector);
        let line = text[..found.range.start].matches('\n').count() + 1;
        let confidence = format!("{:.2}", found.confidence);
        let action = detector.action(direction).word();
        let severity = severity(detector);
        table.row([
            line.to_string(),
            detector.kind().to_owned(),
            severity,
            confidence,
            action.to_owned(),
            found.reason.clone().unwrap_or_default(),
        ]);
    }
    output.table(&table)?;
    Ok(exit)
}

fn severity(detector: &Detector) -> String {
    format!("{:?}", detector.severity()).to_lowercase()
}

/// `block` over `redact` over `allow`.
fn verdict(engine: &Engine, direction: Direction, found: &[Finding]) -> &'static str {
    let actions = found.iter().map(|found| engine.detector(found.detector).action(direction));
    match actions.max() {
        Some(Action::Block) => "block",
        Some(action) if action.replaces() && action != Action::Restore => "redact",
        _ => "allow",
    }
}

fn findings(engine: &Engine, text: &str, found: &[Finding]) -> Vec<Value> {
    let mut ends: Vec<usize> = found.iter().flat_map(|f| [f.range.start, f.range.end]).collect();
    ends.sort_unstable();
    let places = characters(text, &ends);
    let place = |at: usize| ends.binary_search(&at).ok().and_then(|n| places.get(n).copied());
    let value = |found: &Finding| {
        let detector = engine.detector(found.detector);
        let mut value = json!({
            "kind": detector.kind(), "detector": detector.name(), "severity": severity(detector),
            "confidence": found.confidence,
            "start": place(found.range.start), "end": place(found.range.end),
        });
        if let Some(reason) = &found.reason {
            value["reason"] = json!(reason);
        }
        if let Some(fingerprint) = &found.fingerprint {
            value["fingerprint"] = json!(fingerprint.to_string());
        }
        value
    };
    found.iter().map(value).collect()
}

/// How many characters stand before each byte offset. The offsets are sorted, so the text is
/// counted over once.
fn characters(text: &str, offsets: &[usize]) -> Vec<usize> {
    let (mut bytes, mut characters) = (0, 0);
    let mut count = |at: &usize| {
        characters += text.get(bytes..*at).unwrap_or_default().chars().count();
        bytes = *at;
        characters
    };
    offsets.iter().map(&mut count).collect()
}

#[derive(Deserialize)]
struct Line {
    id: Value,
    text: String,
    #[serde(default)]
    source: Origin,
}

/// What a model says goes to the agent; all else goes to a model.
fn direction(origin: Origin) -> Direction {
    match origin {
        Origin::Model => Direction::Answer,
        Origin::User | Origin::Tool | Origin::Web | Origin::File => Direction::Request,
    }
}

fn lines(engine: &Engine, mut input: impl BufRead, output: &mut Output) -> Result {
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = input.by_ref().take(MAX_TEXT).read_until(b'\n', &mut line);
        if read.context("the input cannot be read")? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Line { id, text, source } = serde_json::from_slice(&line)
            .map_err(|error| Failure::Usage(format!("line {number} of the input: {error}")))?;
        let direction = direction(source);
        let Examined { found, suspicion } = examine(engine, source, direction, &text);
        let findings = findings(engine, &text, &found);
        let verdict = verdict(engine, direction, &found);
        // The score is asked for, whether or not the judge is switched on.
        let injection = suspicion.unwrap_or_else(|| inspect::suspicion(source, &text).probability);
        let injection = (f64::from(injection) * 1e6).round() / 1e6;
        output.json_line(
            &json!({ "id": id, "findings": findings, "injection": injection, "verdict": verdict }),
        )?;
    }
    Ok(Exit::Done)
}

fn detectors(engine: &Engine, output: &mut Output) -> Result {
    let value = |(_, detector): (_, &Detector)| {
        json!({
            "kind": detector.kind(), "detector": detector.name(), "severity": severity(detector),
            "confidence": detector.confidence(), "request": detector.action(Direction::Request).word(),
            "answer": detector.action(Direction::Answer).word(),
        })
    };
    let all: Vec<Value> = engine.detectors().map(value).collect();
    if output.json {
        output.value(&Value::Array(all))?;
        return Ok(Exit::Done);
    }
    let columns =
        [("kind", "kind"), ("severity", "severity"), ("request", "request"), ("answer", "answer")];
    output.table(&Table::of(&all, &columns))?;
    Ok(Exit::Done)
}
