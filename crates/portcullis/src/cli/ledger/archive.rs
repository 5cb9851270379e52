//! `portcullis ledger archive` and `restore`: a copy of the log elsewhere, and back.

use std::path::PathBuf;
use std::sync::Arc;

use ledger::archive::{Archived, Depth, Shelf};
use serde_json::json;

use super::verify;
use crate::archive::Opener;
use crate::cli::session::Session;
use crate::cli::{Exit, Failure, Output, Result};
use crate::config::Secrets;
use crate::config::archive_place::ArchivePlace;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Archive {
    /// A folder, such as one of another machine that is mounted here, or s3://BUCKET/PREFIX [default:
    /// the log's place below `archive` of [data]]
    #[arg(long, value_name = "PLACE")]
    to: Option<ArchivePlace>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Restore {
    /// A folder, or s3://BUCKET/PREFIX [default: the log's place below `archive` of [data]]
    #[arg(long, value_name = "PLACE")]
    from: Option<ArchivePlace>,
    /// Where the log is to be; it must be empty [default: the log of the data folder]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// A file with the key that you trust; without it the archive's own is used
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
}

fn failed(error: impl Into<anyhow::Error>) -> Failure {
    Failure::Failed(error.into())
}

type Opened = std::result::Result<Arc<dyn Shelf>, Failure>;

fn open(session: &Session<'_>, place: Option<&ArchivePlace>, is_written: bool) -> Opened {
    // On an empty machine there are no secrets but those of the archive.
    let config = session.whole(Secrets::Leave)?.config;
    let configured = || config.data.archive.as_ref().map(|at| at.below(session.tenant().as_str()));
    let place = place.cloned().or_else(configured);
    let place = place.ok_or_else(|| {
        Failure::Usage("say where the archive is, or configure `archive` in [data]".to_owned())
    })?;
    let opener = Opener { settings: &config.archive, environment: session.environment };
    let opened = if is_written { opener.writing(&place) } else { opener.reading(&place) };
    opened.map_err(failed)
}

/// Does the work on a thread of its own, while this one carries the connections.
fn work(
    session: &Session<'_>,
    (place, is_written): (Option<&ArchivePlace>, bool),
    work: impl FnOnce(&dyn Shelf) -> ledger::archive::Result<Archived> + Send + 'static,
) -> std::result::Result<Archived, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(failed)?.block_on(async {
        let shelf = open(session, place, is_written)?;
        let done = tokio::task::spawn_blocking(move || work(&*shelf)).await;
        done.map_err(failed)?.map_err(failed)
    })
}

pub(super) fn archive(arguments: &Archive, session: &Session<'_>, output: &mut Output) -> Result {
    let log = session.ledger()?;
    let done = work(session, (arguments.to.as_ref(), true), move |shelf| {
        ledger::archive::archive(&log, shelf, Depth::Whole)
    })?;
    said(done, "archived", output)
}

pub(super) fn restore(arguments: &Restore, session: &Session<'_>, output: &mut Output) -> Result {
    let to = arguments.to.clone().map_or_else(|| session.ledger(), Ok)?;
    let folder = to.clone();
    let done = work(session, (arguments.from.as_ref(), false), move |shelf| {
        ledger::archive::restore(shelf, &folder)
    })?;
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
