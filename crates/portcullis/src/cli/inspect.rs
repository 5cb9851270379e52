//! `portcullis inspect`: the detectors, over a file or standard input.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;
use inspect::{Action, Detector, Direction, Engine, Match, Origin};
use serde::Deserialize;
use serde_json::{Value, json};

use super::session::Session;
use super::table::Table;
use super::{Exit, Failure, Output, Result};
use crate::config::Secrets;

/// Run the detectors over a file or standard input
///
/// Offsets count Unicode characters from 0, the end not included. The value itself is never
/// shown. Exit status 3 says that something was found; with --redact and --jsonl it is 0.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  portcullis inspect report.txt
  portcullis inspect --redact < report.txt > clean.txt
  echo '{\"id\":\"1\",\"text\":\"call me\",\"source\":\"user\"}' | portcullis inspect --jsonl")]
pub(super) struct Arguments {
    /// The file [default: standard input]
    file: Option<PathBuf>,
    /// Write the text with everything masked that the settings do not allow
    #[arg(long, conflicts_with = "jsonl")]
    redact: bool,
    /// Read one {"id","text","source"} a line, and write one result a line, in order
    #[arg(long)]
    jsonl: bool,
    /// Which way the text is travelling
    #[arg(long, value_enum, default_value = "request")]
    direction: Way,
    /// List the detectors instead
    #[arg(long)]
    detectors: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    /// From an agent to a provider
    Request,
    /// From a provider to an agent
    Answer,
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
    let settings = session.config(Secrets::Leave)?.config.inspect.settings();
    let engine = Engine::compile(&settings).map_err(|error| Failure::Usage(error.to_string()))?;
    if arguments.detectors {
        return detectors(&engine, output);
    }
    let input: Box<dyn Read> = match &arguments.file {
        Some(file) => {
            let open = std::fs::File::open(file);
            Box::new(open.with_context(|| format!("{} cannot be read", file.display()))?)
        }
        None => Box::new(std::io::stdin()),
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
    let direction = arguments.direction.into();
    let found = scan(&engine, direction, &text);
    if arguments.redact {
        output.text(&redacted(&engine, direction, &text, &found))?;
        return Ok(Exit::Done);
    }
    show(&engine, direction, &text, &found, output)
}

fn scan(engine: &Engine, direction: Direction, text: &str) -> Vec<Match> {
    let mut found = Vec::new();
    engine.scan_views(direction, text.as_bytes(), &mut found);
    found
}

/// Masks everything whose action is not to allow it, also what would block the whole.
fn redacted(engine: &Engine, direction: Direction, text: &str, found: &[Match]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for found in found {
        let detector = engine.detector(found.detector);
        if detector.action(direction).passes() {
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
    found: &[Match],
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
    let mut table = Table::new(&["line", "kind", "severity", "confidence", "action"]);
    for found in found {
        let detector = engine.detector(found.detector);
        let line = text[..found.range.start].matches('\n').count() + 1;
        let confidence = format!("{:.2}", detector.confidence());
        let action = detector.action(direction).word();
        let severity = severity(detector);
        table.row([
            line.to_string(),
            detector.kind().to_owned(),
            severity,
            confidence,
            action.to_owned(),
        ]);
    }
    output.table(&table)?;
    Ok(exit)
}

fn severity(detector: &Detector) -> String {
    format!("{:?}", detector.severity()).to_lowercase()
}

/// `block` over `redact` over `allow`.
fn verdict(engine: &Engine, direction: Direction, found: &[Match]) -> &'static str {
    let actions = found.iter().map(|found| engine.detector(found.detector).action(direction));
    match actions.max() {
        Some(Action::Block) => "block",
        Some(action) if action.replaces() && action != Action::Restore => "redact",
        _ => "allow",
    }
}

fn findings(engine: &Engine, text: &str, found: &[Match]) -> Vec<Value> {
    // Matches are in order, so characters are counted once over the text.
    let (mut bytes, mut characters) = (0, 0);
    let mut place = |at: usize| {
        characters += text[bytes..at].chars().count();
        bytes = at;
        characters
    };
    let value = |found: &Match| {
        let detector = engine.detector(found.detector);
        json!({
            "kind": detector.kind(), "detector": detector.name(), "severity": severity(detector),
            "confidence": detector.confidence(),
            "start": place(found.range.start), "end": place(found.range.end),
        })
    };
    found.iter().map(value).collect()
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
        let found = scan(engine, direction, &text);
        let findings = findings(engine, &text, &found);
        let verdict = verdict(engine, direction, &found);
        // There is no score of injection where no detector computes one.
        output.json_line(&json!({ "id": id, "findings": findings, "verdict": verdict }))?;
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
