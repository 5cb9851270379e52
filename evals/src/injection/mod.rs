//! Training and measuring the detectors of planted and direct instructions.

mod corpus;
mod eval;
mod robust;
mod train;

use std::path::Path;
use std::time::{Duration, Instant};

const USAGE: &str = "\
injection FILE.jsonl[.gz] [--robustness]
injection corpus --data FILE.jsonl.gz --out FOLDER
injection train --data FILE.jsonl.gz --out FOLDER [--documents FOLDER] [--card FILE.md] [--judged FILE.jsonl] [--channel NAME]
injection triggers";

/// What `portcullis-evals injection …` does.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["corpus", "--data", data, "--out", out] => corpus::write(Path::new(data), Path::new(out)),
        ["train", "--data", data, "--out", out, rest @ ..] => {
            train::run(Path::new(data), Path::new(out), options(rest)?)
        }
        ["triggers"] => eval::triggers(),
        [file, "--robustness"] => robust::run(Path::new(file)),
        [file] if !file.starts_with('-') => eval::run(Path::new(file)),
        _ => anyhow::bail!("{USAGE}"),
    }
}

fn options<'a>(words: &'a [&'a str]) -> anyhow::Result<train::Options<'a>> {
    let mut options = train::Options::default();
    for pair in words.chunks(2) {
        match pair {
            ["--documents", path] => options.documents = Some(Path::new(path)),
            ["--card", path] => options.card = Some(Path::new(path)),
            ["--judged", path] => options.judged = Some(Path::new(path)),
            ["--channel", name] => options.channel = Some(name),
            _ => anyhow::bail!("{USAGE}"),
        }
    }
    Ok(options)
}

/// The time that this process has had on a core, where the system says it; else the time of day.
fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let spent = std::fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds = spent.and_then(|line| line.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}
