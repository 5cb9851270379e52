//! `portcullis policy`: check, test, put in force.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Subcommand;
use policy::{Bundle, Diagnostic, Source};
use serde_json::{Value, json};

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
    /// Put the policies of the configuration in force in the running instance
    #[command(after_help = "Example:\n  portcullis policy deploy")]
    Deploy,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Check { folder } => check(folder.as_deref(), session, output),
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
        Command::Deploy => {
            let answer = session.send("/api/v1/reload", &json!({}))?;
            done(&answer, "the policies are in force", output)
        }
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
        create(&folder.join(&source.name), &source.text)?;
        output.line(format_args!("wrote {}", folder.join(&source.name).display()))?;
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
