//! Credentials: how many are found in every kind of place, how many look-alikes and ordinary files
//! raise an alarm, and how fast.

mod beside;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use inspect::document::{Report, Scope, inspect_json, inspect_text};
use inspect::json::Limits;
use inspect::{Declaration, Direction, Engine, Form, Match, Place, Settings, catalogue};

/// Examples of each format.
const SEEDS: u64 = 3;

/// Larger files are data, not code.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Alarms that are shown.
const MAX_SHOWN: usize = 200;

/// `secrets [--clean FOLDER…]`, `secrets --write FOLDER`.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<()> {
    let folders = match arguments {
        ["--write", folder] => return beside::write(Path::new(folder)),
        ["--count", folder, found @ ..] => return beside::count(Path::new(folder), found),
        ["--clean", folders @ ..] => folders,
        [] => &[],
        [other, ..] => anyhow::bail!("unknown: {other}; write `secrets [--clean FOLDER…]`"),
    };
    let engine = Engine::compile(&Settings::default())?;
    let found = formats(&engine)?;
    let clean = clean(&engine, folders)?;
    println!(
        "secrets: formats={} recall={:.4} near_miss_alarms={} clean_mb={:.1} clean_findings={} mb_per_s={:.0}",
        found.formats,
        found.hits as f64 / found.tried.max(1) as f64,
        found.alarms,
        clean.bytes as f64 / 1e6,
        clean.findings,
        clean.bytes as f64 / 1e6 / clean.spent.as_secs_f64().max(1e-9),
    );
    Ok(())
}

#[derive(Default)]
struct Formats {
    formats: usize,
    tried: usize,
    hits: usize,
    alarms: usize,
}

/// Every format in every place, and its near misses.
fn formats(engine: &Engine) -> anyhow::Result<Formats> {
    let mut sum = Formats::default();
    let mut missed: BTreeMap<&str, usize> = BTreeMap::new();
    for declared in catalogue().iter().filter(|declared| is_placed(declared)) {
        sum.formats += 1;
        let word = declared.keywords.first().unwrap_or(&"value");
        for (place, seed) in Place::ALL.into_iter().flat_map(|p| (0..SEEDS).map(move |s| (p, s))) {
            sum.tried += 1;
            let is_found =
                raises(engine, declared, place, &place.text(word, &declared.example(seed)))?;
            sum.hits += usize::from(is_found);
            if !is_found {
                *missed.entry(declared.name).or_default() += 1;
            }
            for miss in declared.near_misses(seed) {
                let is_alarm = raises(engine, declared, place, &place.text(word, &miss))?;
                sum.alarms += usize::from(is_alarm);
            }
        }
    }
    for (name, count) in missed {
        println!("missed: {name}, {count} times");
    }
    println!(
        "{} formats, {} of {} found, {} near misses found",
        sum.formats, sum.hits, sum.tried, sum.alarms
    );
    Ok(sum)
}

/// Passwords in URLs stand in a text of their own; the rest are put into the places.
fn is_placed(declared: &Declaration) -> bool {
    declared.kind.starts_with("secret.")
        && matches!(declared.form, Form::Token { .. } | Form::Bare { .. } | Form::PrivateKey)
}

fn raises(
    engine: &Engine,
    declared: &Declaration,
    place: Place,
    text: &str,
) -> anyhow::Result<bool> {
    let scope = Scope::new(engine, Direction::Request);
    let report: Report = if place.is_json() {
        inspect_json(&scope, text.as_bytes(), &Limits::default(), &mut ())?
    } else {
        inspect_text(&scope, text.as_bytes())
    };
    let names = report.findings.iter().map(|found| engine.detector(found.detector).name());
    Ok(names.into_iter().any(|name| name == declared.name))
}

#[derive(Default)]
struct Clean {
    bytes: usize,
    findings: usize,
    spent: Duration,
}

/// Ordinary files: whatever is found in them is shown, for somebody to look at.
fn clean(engine: &Engine, folders: &[&str]) -> anyhow::Result<Clean> {
    let mut sum = Clean::default();
    let mut files = Vec::new();
    for folder in folders {
        list(Path::new(folder), &mut files)?;
    }
    files.sort();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for path in files {
        let Ok(text) = fs::read(&path) else { continue };
        let mut found = Vec::new();
        let start = spent();
        engine.scan(Direction::Request, &text, &mut found);
        sum.spent += spent().saturating_sub(start);
        sum.bytes += text.len();
        let secrets = found
            .iter()
            .filter(|found| engine.detector(found.detector).kind().starts_with("secret."));
        for found in secrets {
            sum.findings += 1;
            *counts.entry(engine.detector(found.detector).name().to_owned()).or_default() += 1;
            if sum.findings <= MAX_SHOWN {
                show(engine, &path, &text, found);
            }
        }
    }
    for (name, count) in counts {
        println!("clean: {name}, {count} times");
    }
    Ok(sum)
}

pub(crate) fn list(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), files)?;
        } else if kind.is_file() && entry.metadata()?.len() <= MAX_FILE_BYTES {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn show(engine: &Engine, path: &Path, text: &[u8], found: &Match) {
    let line = text[..found.range.start].iter().filter(|byte| **byte == b'\n').count() + 1;
    let from = found.range.start.saturating_sub(40);
    let to = text.len().min(found.range.end.min(found.range.start + 60) + 10);
    let around = String::from_utf8_lossy(&text[from..to]).replace(char::is_control, " ");
    println!("{} {}:{line}: {around}", engine.detector(found.detector).name(), path.display());
}

/// Processor time of this process where Linux says it, else time that passed.
pub(crate) fn spent() -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
