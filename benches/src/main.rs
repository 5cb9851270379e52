//! `cargo xtask bench`: what the gate costs, beside the upstream itself and beside nginx.
//!
//! `ratios` is what `docs/benchmarks.md` quotes; `streams`, `soak` and `start` measure memory
//! and readiness, `pages` the console, `directory` SCIM, `appends` the log's disk. The mock upstream and the load generator are this same program, started again, so
//! that each has a process of its own. CPU time is read from `/proc` for the whole tree of a target:
//! on a busy machine it means something where requests per second do not.

mod appends;
mod directory;
mod history;
mod load;
mod mock;
mod pages;
mod process;
mod ratios;
mod samples;
mod scenario;
mod soak;
mod start;
mod streams;
mod targets;

use anyhow::{Result, bail};

const HELP: &str = "\
portcullis-bench [ratios|streams|soak|start|pages|directory|appends] [--rounds N] [--seconds S] [--only SCENARIO] [--peers FILE]

  ratios   CPU a request, latency and ratios to nginx: chat, stream, paced, messages, tool
  streams  memory with 10,000 idle open streams
  soak     memory over a bounded load, and its slope
  start    time to ready with 10,000 agents and a log of a million records
  appends  durable appends to the log beside inserts into an indexed table of SQLite
  pages    the console's pages with a long log, and what 200 viewers cost
  directory  a directory of 100,000 people, told of and looked through

  --records N    length of that log (1,000,000)
  --peers FILE   other gateways beside: JSON [{\"name\", \"url\", \"headers\": {}, \"paths\": {}, \"command\": []}]
";

/// What the command line asks for.
pub(crate) struct Options {
    pub rounds: usize,
    pub seconds: f64,
    pub peers: Option<String>,
    /// Of the log that pages are made from.
    pub records: u64,
    /// The one scenario that is measured.
    only: Option<String>,
}

impl Options {
    pub(crate) fn asks_for(&self, scenario: scenario::Scenario) -> bool {
        self.only.as_deref().is_none_or(|only| only == scenario.name())
    }
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("mock") => return mock::serve(),
        Some("load") => return load::run(words.get(1).map_or("", String::as_str)),
        Some("--help" | "-h" | "help") => {
            print!("{HELP}");
            return Ok(());
        }
        _ => {}
    }
    let (chosen, options) = parse(&words)?;
    let chosen = if chosen.is_empty() { vec!["ratios".to_owned()] } else { chosen };
    for name in chosen {
        match name.as_str() {
            "ratios" => ratios::run(&options)?,
            "streams" => streams::run()?,
            "soak" => soak::run(&options)?,
            "start" => start::run()?,
            "appends" => appends::run(&options)?,
            "pages" => pages::run(&options)?,
            "directory" => directory::run()?,
            other => bail!("no such benchmark: {other}\n\n{HELP}"),
        }
    }
    Ok(())
}

fn parse(words: &[String]) -> Result<(Vec<String>, Options)> {
    let mut options =
        Options { rounds: 3, seconds: 2.0, peers: None, records: 1_000_000, only: None };
    let mut chosen = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| anyhow::anyhow!("{word} needs a value"));
        match word.as_str() {
            "--rounds" => options.rounds = value()?.parse()?,
            "--seconds" => options.seconds = value()?.parse()?,
            "--records" => options.records = value()?.parse()?,
            "--peers" => options.peers = Some(value()?.clone()),
            "--only" => options.only = Some(value()?.clone()),
            name => chosen.push(name.to_owned()),
        }
    }
    Ok((chosen, options))
}
