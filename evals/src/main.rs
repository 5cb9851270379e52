//! Measures the product against labelled data that is given by argument: `cargo xtask eval NAME …`.
//!
//! Each evaluation prints a table and ends with one line for machines, `NAME: metric=value …`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an evaluation talks to a terminal")]

<<<<<<< HEAD
mod harm;
=======
mod injection;
>>>>>>> eba96c0 (Make the corpus that detectors of instructions are trained on)
mod rows;

use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask eval NAME …

<<<<<<< HEAD
    harm [FILE.jsonl.gz]      the screen for weapons and malware; rows with label 0 as benign text
=======
  injection corpus --data FILE --out FOLDER   makes what the detectors of instructions are trained on
>>>>>>> eba96c0 (Make the corpus that detectors of instructions are trained on)

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
<<<<<<< HEAD
        ["harm", file @ ..] => harm::run(file.first().map(Path::new)),
=======
        ["injection", rest @ ..] => injection::run(rest),
>>>>>>> eba96c0 (Make the corpus that detectors of instructions are trained on)
        _ => anyhow::bail!("no such evaluation: {}\n\n{HELP}", words.join(" ")),
    }
}
