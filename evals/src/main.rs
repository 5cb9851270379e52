//! Measures the product against labelled data that is given by argument: `cargo xtask eval NAME …`.
//!
//! Each evaluation prints a table and ends with one line for machines, `NAME: metric=value …`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an evaluation talks to a terminal")]

mod code;
mod harm;
mod injection;
mod rows;
mod secrets;

use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask eval NAME …

    code [--clean FOLDER]… [--packages ECOSYSTEM=FILE]… [--show KIND]   checks of generated code
    harm [FILE.jsonl.gz]      the screen for weapons and malware; rows with label 0 as benign text
    injection FILE [--robustness]
                              planted and direct instructions, as shipped
    injection corpus --data FILE --out FOLDER
                              makes what their models are trained on
    injection train --data FILE --out FOLDER [--card FILE]
                              trains the models and says what they are worth on sets left out
    secrets [--clean FOLDER…]
                              credential formats in every place, near misses, ordinary files

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
        ["secrets", rest @ ..] => secrets::run(rest),
        _ => anyhow::bail!("no such evaluation: {}\n\n{HELP}", words.join(" ")),
    }
}
