//! The project's chores: `cargo xtask test`, `tidy`, `docs`, `bench`, `eval`, `clients`, `pages`, `smoke`.
//!
//! There is no shell script and no second task runner: what CI runs is what a person runs.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore runner talks to a terminal"
)]

mod bench;
mod clients;
mod conformance;
mod docs;
mod eval;
mod run;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask CHORE

  test [--offline]   everything that CI runs: format, lints, tidy, tests, docs, real clients, fuzz smoke
  tidy               architecture, words, links, licences, sizes
  docs [--check]     writes the generated pages of docs/, or fails when they are stale
  clients            the real Python and Node clients against the gate, and the pages in a browser
  pages              the pages in a browser alone; screenshots in target/pages
  smoke [SECONDS]    mutated inputs through the fuzz targets' entry points
  bench [NAME …]     benchmarks against direct and nginx; NAME: ratios, streams, soak, start
  eval NAME …        the product against labelled data; `eval help` names them

Example: cargo xtask test
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match chore(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore(words: &[&str]) -> anyhow::Result<()> {
    let root = run::root();
    match words {
        ["test"] => test::all(&root, test::Network::Allowed),
        ["test", "--offline"] => test::all(&root, test::Network::Forbidden),
        ["tidy"] => tidy::check(&root),
        ["docs"] => docs::write(&root),
        ["docs", "--check"] => docs::check(&root),
        ["clients"] => clients::all(&root),
        ["pages"] => clients::pages(&root),
        ["smoke"] => test::smoke(&root, test::SMOKE_SECONDS),
        ["smoke", seconds] => test::smoke(&root, seconds),
        ["bench", rest @ ..] => bench::run(&root, rest),
        ["eval", rest @ ..] => eval::run(&root, rest),
        ["help" | "--help" | "-h"] | [] => {
            print!("{HELP}");
            Ok(())
        }
        _ => anyhow::bail!("no such chore: {}\n\n{HELP}", words.join(" ")),
    }
}
