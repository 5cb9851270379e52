//! `portcullis policy`: check, test, compare, try, prove, put in force.

mod diff;
mod prove;
mod simulate;
mod versions;
mod which;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use policy::{Bundle, Diagnostic, Source};
use serde_json::{Value, json};
use which::Which;

use super::agent::done;
use super::session::Session;
use super::{Exit, Failure, Output, Result};
use crate::config::{Config, Secrets};
use crate::policies;
use crate::visible::visible;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say whether the policies compile, and if not, in which line and column
    #[command(after_help = "Example:\n  portcullis policy check policies/")]
    Check {
        /// A folder of *.cedar files [default: that of the configuration, or the baseline]
        folder: Option<PathBuf>,
    },
    /// Run the cases in *.test.toml beside the policies, or those of the baseline
    #[command(
        after_help = "Example:\n  portcullis policy test policies/\n\nExit status 3 says that a case failed."
    )]
    Test {
        /// A folder of policies and tests [default: that of the configuration, or the baseline]
        folder: Option<PathBuf>,
    },
    /// Print the built-in baseline, or write it into a folder to begin with
    #[command(after_help = "Example:\n  portcullis policy baseline --write policies/")]
    Baseline {
        /// The folder to write its files into; files that are there stay as they are
        #[arg(long, value_name = "FOLDER")]
        write: Option<PathBuf>,
    },
    /// Print the schema that policies are checked against
    #[command(after_help = "Example:\n  portcullis policy schema > portcullis.cedarschema")]
    Schema,
    /// Say which policies two sets have of their own, and which differ in what they decide
    #[command(
        after_help = "Example:\n  portcullis policy diff baseline policies/\n  portcullis policy diff in-force 7\n\nEach is a folder, the number of a version, `baseline` or `in-force`."
    )]
    Diff { before: Which, after: Which },
    /// Try a draft on recorded traffic: what it would have decided otherwise
    #[command(
        after_help = "Example:\n  portcullis policy simulate policies/ --since 7d\n  portcullis policy simulate 7 --since 24h --examples 20"
    )]
    Simulate {
        /// A folder, the number of a version, or `baseline`
        draft: Which,
        /// From when on: a moment, or a span before now
        #[arg(long, default_value = "7d")]
        since: String,
        /// Records to name for each kind of change
        #[arg(long, default_value_t = 5)]
        examples: usize,
    },
    /// Prove that no call whatever breaks a rule, or show the call that does
    #[command(
        after_help = "Example:\n  portcullis policy prove\n  portcullis policy prove policies/ --rules rules.cedar --solver /usr/local/bin/cvc5\n\nNeeds the solver cvc5, 1.3.1 or later. Exit status 3 says that a rule can be broken."
    )]
    Prove {
        /// A folder, the number of a version, `baseline` or `in-force`
        #[arg(default_value = "baseline")]
        policies: Which,
        /// What must not pass unattended, as `forbid` policies [default: what the baseline promises]
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
        /// The solver
        #[arg(long, value_name = "PROGRAM", env = "CVC5", default_value_os_t = prove::by_name())]
        solver: PathBuf,
    },
    /// Propose the policies and tests of a folder as a version, for somebody else to approve
    #[command(
        after_help = "Example:\n  portcullis policy propose policies/ --note \"letters are looked at first\""
    )]
    Propose {
        /// A folder of policies and tests
        folder: PathBuf,
        /// What changes, and why
        #[arg(long)]
        note: String,
    },
    /// List the versions that were proposed, the newest first
    #[command(after_help = "Example:\n  portcullis policy list")]
    List,
    /// Approve a version that somebody else proposed
    #[command(
        after_help = "Example:\n  portcullis policy approve 7 --server https://console.example.com"
    )]
    Approve {
        /// Its number
        number: u32,
    },
    /// Put an approved version in force; without a number, read the configured folder again
    #[command(after_help = "Example:\n  portcullis policy deploy 7\n  portcullis policy deploy")]
    Deploy {
        /// The version, where the configuration names no folder
        number: Option<u32>,
    },
    /// Put the version before in force again
    #[command(after_help = "Example:\n  portcullis policy rollback")]
    Rollback,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Check { folder } => check(folder.as_deref(), session, output),
        Command::Test { folder } => test(folder.as_deref(), session, output),
        Command::Baseline { write: None } => {
            for source in policy::baseline_sources() {
                output.text(&format!("// {}\n{}\n", source.name, source.text))?;
            }
            Ok(Exit::Done)
        }
        Command::Baseline { write: Some(folder) } => write(folder, output),
        Command::Schema => {
            output.text(policy::SCHEMA)?;
            Ok(Exit::Done)
        }
        Command::Diff { before, after } => diff::run(before, after, session, output),
        Command::Simulate { draft, since, examples } => {
            simulate::run(draft, since, *examples, session, output)
        }
        Command::Prove { policies, rules, solver } => {
            let asked = prove::Asked { policies, rules: rules.as_deref(), solver };
            prove::run(&asked, session, output)
        }
        Command::Propose { folder, note } => versions::propose(folder, note, session, output),
        Command::List => versions::list(session, output),
        Command::Approve { number } => versions::approve(*number, session, output),
        Command::Deploy { number: Some(number) } => versions::deploy(*number, session, output),
        Command::Deploy { number: None } => {
            let answer = session.send("/api/v1/reload", &json!({}))?;
            done(&answer, "the policies are in force", output)
        }
        Command::Rollback => versions::rollback(session, output),
    }
}

/// The grants are part of what is checked: a policy may speak of a role.
fn compiled(
    folder: Option<&Path>,
    config: &Config,
) -> anyhow::Result<(usize, std::result::Result<Bundle, Vec<Diagnostic>>)> {
    let sources = policies::sources(folder.or(config.policy.dir.as_deref()))?;
    let bundle = Bundle::compile(&sources, &policies::grants(config)?);
    Ok((sources.len(), bundle))
}

fn check(folder: Option<&Path>, session: &Session<'_>, output: &mut Output) -> Result {
    let config = session.config(Secrets::Leave)?.config;
    let (files, bundle) = compiled(folder, &config)?;
    match bundle {
        Ok(bundle) => {
            let policies: Vec<Value> = bundle
                .policies()
                .iter()
                .map(|(id, about)| json!({"id": id, "description": about}))
                .collect();
            let said = format!("{} policies in {files} files are right", policies.len());
            let answer = json!({ "version": bundle.version(), "policies": policies });
            done(&answer, &said, output)
        }
        Err(problems) => report(&problems, output),
    }
}

fn test(folder: Option<&Path>, session: &Session<'_>, output: &mut Output) -> Result {
    let config = session.config(Secrets::Leave)?.config;
    let folder = folder.or(config.policy.dir.as_deref());
    let (_, bundle) = compiled(folder, &config)?;
    let tests = policies::tests(folder)?;
    let outcome = bundle.and_then(|bundle| policy::testing::run(&bundle, &tests));
    match outcome {
        Ok(outcome) => show_tests(&outcome, output),
        Err(problems) => report(&problems, output),
    }
}

fn show_tests(outcome: &policy::testing::Report, output: &mut Output) -> Result {
    let (all, failed) = (outcome.results.len(), outcome.failed());
    let exit = if failed == 0 { Exit::Done } else { Exit::Found };
    if output.json {
        let case = |case: &policy::testing::CaseResult| json!({"file": case.file, "line": case.line, "name": case.name, "failure": case.failure});
        let cases: Vec<Value> = outcome.results.iter().map(case).collect();
        output.value(&json!({ "cases": cases, "untested": outcome.coverage.untested }))?;
        return Ok(exit);
    }
    for case in &outcome.results {
        if let Some(failure) = &case.failure {
            let line = format!("{}:{}: {}: {failure}", case.file, case.line, case.name);
            output.line(visible(&line))?;
        }
    }
    for policy in &outcome.coverage.untested {
        output.note(format_args!("no case exercises the policy {policy}"));
    }
    output.line(format_args!("{} passed, {failed} failed", all - failed))?;
    Ok(exit)
}

fn report(problems: &[Diagnostic], output: &mut Output) -> Result {
    if output.json {
        let all: Vec<Value> = problems.iter().map(json_of).collect();
        output.value(&json!({ "diagnostics": all }))?;
        return Ok(Exit::Usage);
    }
    for problem in problems {
        output.line(visible(&problem.to_string()))?;
    }
    Ok(Exit::Usage)
}

fn json_of(problem: &Diagnostic) -> Value {
    json!({
        "severity": "error", "file": problem.file, "line": problem.line, "column": problem.column,
        "message": problem.message, "help": problem.help,
    })
}

fn write(folder: &Path, output: &mut Output) -> Result {
    let files: Vec<Source> =
        policy::baseline_sources().into_iter().chain(policy::baseline_tests()).collect();
    for source in &files {
        // The baseline's names begin with a folder of their own; here they go into one folder.
        let name = Path::new(&source.name).file_name().unwrap_or_default();
        let path = folder.join(name);
        create(&path, &source.text)?;
        output.line(format_args!("wrote {}", path.display()))?;
    }
    output.note(format_args!("to use them, write in the configuration: [policy] dir = {folder:?}"));
    Ok(Exit::Done)
}

fn create(path: &Path, text: &str) -> std::result::Result<(), Failure> {
    let create = || -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
        }
        if path.exists() {
            bail!("{} is there already; write into another folder", path.display());
        }
        std::fs::write(path, text).with_context(|| format!("{}", path.display()))
    };
    Ok(create()?)
}
