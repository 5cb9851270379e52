//! Measures the product against labelled data that is given by argument: `cargo xtask eval NAME …`.
//!
//! Each evaluation prints a table and ends with one line for machines, `NAME: metric=value …`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an evaluation talks to a terminal")]

mod code;
mod false_finds;
mod harm;
mod injection;
mod names;
mod pii;
mod records;
mod rows;
mod secrets;
mod structured;
mod tally;

use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask eval NAME …

    agentdojo --suite NAME [--no-detectors]
                              two agents behind the gate, an honest and a hijacked one
    agentgovbench FOLDER [--only TEXT]
                              governance scenarios (fixtures/ and scenarios/ in it) through the real gate
    code [--clean FOLDER]… [--packages ECOSYSTEM=FILE]… [--show KIND]   checks of generated code
    egress FILE               cases of egress security through the gate, by the transports it carries
    harm [FILE.jsonl.gz]      the screen for weapons and malware; rows with label 0 as benign text
    injection FILE [--robustness]
                              planted and direct instructions, as shipped
    injection corpus --data FILE --out FOLDER
                              makes what their models are trained on
    injection train --data FILE --out FOLDER [--card FILE]
                              trains the models and says what they are worth on sets left out
    pii FILE [--model FILE]   personal data in texts with marked spans, offsets in characters
    mcp-conformance [--spec VERSION]
                              the official suite of MCP: its reference server alone and behind the gate
    names false [--model FILE] PATH …
                              what is found in files where nothing is a name
    names train --out FILE [--card FILE] [--texts N] [--plain FILE]…
                              trains the model of names and addresses, and writes its card
    structured [FILE.jsonl.gz] [--clean FOLDER [--show KIND]]
                              personal data that has a form, in a set of its own, in rows, in clean files
    records FOLDER…           what a million records of one's own cost, by processor time
    secrets [--clean FOLDER…]
                              credential formats in every place, near misses, ordinary files
    secrets --write FOLDER    writes one file for each format and near miss, for other scanners to read
    secrets --count FOLDER [REPORT]
                              in how many of them something is found, by a report that names them

Rows are JSON, one a line, plain or gzipped.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match evaluation(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("eval: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn evaluation(words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["help" | "--help" | "-h"] | [] => {
            print!("{HELP}");
            Ok(())
        }
        ["code", rest @ ..] => code::run(rest),
        ["harm", file @ ..] => harm::run(file.first().map(Path::new)),
        ["injection", rest @ ..] => injection::run(rest),
        ["pii", path] => pii::run(Path::new(path), None),
        ["pii", path, "--model", model] => pii::run(Path::new(path), Some(Path::new(model))),
        ["names", "false", "--model", model, paths @ ..] => {
            false_finds::run(paths, Some(Path::new(model)))
        }
        ["names", "false", paths @ ..] => false_finds::run(paths, None),
        ["names", "train", options @ ..] => names::train(options),
        ["structured", words @ ..] => structured::run(words),
        ["records", folders @ ..] => records::run(folders),
        ["secrets", rest @ ..] => secrets::run(rest),
        _ => anyhow::bail!("no such evaluation: {}\n\n{HELP}", words.join(" ")),
    }
}
