//! `portcullis ledger archive` and `restore`: a copy of the log elsewhere, and back.

use std::path::PathBuf;

use ledger::archive::{ArchiveError, Archived};
use serde_json::json;

use super::verify;
use crate::cli::session::Session;
use crate::cli::{Exit, Failure, Output, Result};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Archive {
    /// The folder of the archive, such as one on another machine that is mounted here
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Restore {
    /// The folder of the archive
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// Where the log is to be; it must be empty [default: the log of the data folder]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// A file with the key that you trust; without it the archive's own is used
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
}

fn failed(error: ArchiveError) -> Failure {
    Failure::Failed(error.into())
}

fn own(session: &Session<'_>) -> std::result::Result<PathBuf, Failure> {
    session.ledger()
}

pub(super) fn archive(arguments: &Archive, session: &Session<'_>, output: &mut Output) -> Result {
    let done = ledger::archive::archive(&own(session)?, &arguments.to).map_err(failed)?;
    said(done, "archived", output)
}

pub(super) fn restore(arguments: &Restore, session: &Session<'_>, output: &mut Output) -> Result {
    let to = arguments.to.clone().map_or_else(|| own(session), Ok)?;
    let done = ledger::archive::restore(&arguments.from, &to).map_err(failed)?;
    said(done, "restored", output)?;
    verify::folder(&to, arguments.vkey.as_deref(), output)
}

fn said(done: Archived, how: &str, output: &mut Output) -> Result {
    let Archived { size, files, bytes } = done;
    if output.json {
        output.json_line(&json!({"records": size, "files": files, "bytes": bytes}))?;
    } else {
        output.line(format_args!(
            "{size} records are {how}; {files} files, {bytes} bytes were written"
        ))?;
    }
    Ok(Exit::Done)
}
