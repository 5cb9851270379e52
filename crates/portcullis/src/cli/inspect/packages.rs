//! `portcullis inspect packages`: lists of the packages that there are.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use inspect::packages::{Builder, Ecosystem, MAGIC, Set};
use serde_json::json;

use super::lines::{self, Count};
use crate::cli::{Exit, Failure, Output, Result};
use crate::files;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a list of the names in files
    ///
    /// One name stands on a line: what a registry's index or a mirror of your own lists. Give the
    /// names of your own packages too, in a file beside it, or they count as unknown.
    #[command(after_help = "\
Example:
  portcullis inspect packages build --ecosystem pypi names.txt ours.txt --out pypi.set")]
    Build {
        /// The names, one a line
        #[arg(required = true)]
        file: Vec<PathBuf>,
        /// Whose names they are
        #[arg(long, value_enum)]
        ecosystem: Whose,
        /// Where the list is written; a list that is there is replaced
        #[arg(long, value_name = "LIST")]
        out: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Whose {
    Pypi,
    Npm,
    Crates,
}

impl From<Whose> for Ecosystem {
    fn from(whose: Whose) -> Self {
        match whose {
            Whose::Pypi => Self::PyPi,
            Whose::Npm => Self::Npm,
            Whose::Crates => Self::Crates,
        }
    }
}

pub(super) fn run(command: &Command, output: &mut Output) -> Result {
    let Command::Build { file, ecosystem, out } = command;
    build(file, (*ecosystem).into(), out, output)
}

fn build(files: &[PathBuf], ecosystem: Ecosystem, out: &Path, output: &mut Output) -> Result {
    files::may_replace(out, MAGIC)?;
    let (mut builder, mut count) = (Builder::new(ecosystem), Count::default());
    for file in files {
        lines::each(file, output, &mut count, |name| builder.add(name))?;
    }
    let bytes = builder.finish();
    let length = bytes.len();
    let names = Set::from_bytes(bytes.clone()).context("the list does not read back")?.len();
    if names == 0 {
        return Err(Failure::Usage("the files hold no name of a package".to_owned()));
    }
    files::replace(out, &bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    count.note(output);
    if output.json {
        output.value(&json!({
            "file": out, "ecosystem": ecosystem.name(), "names": names, "bytes": length,
            "refused": count.refused,
        }))?;
        return Ok(Exit::Done);
    }
    let (name, size) = (ecosystem.name(), length as f64 / 1e6);
    output.line(format_args!("{}: {names} names of {name}, {size:.1} MB", out.display()))?;
    output.note(format_args!("\n[[inspect.packages]]\nfile = \"{}\"", out.display()));
    Ok(Exit::Done)
}
