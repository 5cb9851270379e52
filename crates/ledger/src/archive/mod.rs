//! A copy of a log elsewhere: made while the log runs, checked as it is made, and enough to
//! restore the log on an empty machine.
//!
//! What never changes (tiles, bundles, segments that are followed by another) is put once: where it
//! is there already it must be the same, or the archive is of another log, or damaged. What changes
//! (the checkpoints) is replaced, the newest checkpoint last: the archive always holds all that its
//! checkpoint covers. It is replaced only by one of a log that begins with what it covers, so that
//! an archive never goes back, and never from one history to another.
//!
//! Where the end of the last segment is not kept, a restore makes one from the bundles that hold its
//! records.

mod copy;
mod restore;
mod shelf;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use restore::restore;
pub use shelf::{FolderShelf, Found, Put, Shelf, ShelfError};

use crate::note::Checkpoint;
use crate::prove::ProveError;
use crate::tiler::CHECKPOINT;
use crate::{LogError, history};

/// What a run put into an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// Records that the archive's checkpoint covers.
    pub size: u64,
    /// Files that were put or replaced.
    pub files: u64,
    pub bytes: u64,
}

/// How much of what was archived before is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Only that its checkpoint is an earlier one of this log.
    New,
    /// Every file.
    Whole,
}

/// Why nothing was archived, or restored.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error(
        "{0} is there already and is another one; this is the archive of another log, or damaged"
    )]
    Differs(String),
    #[error(
        "the archive holds {archived} records and the log {size}; the log was rolled back, or restored from a copy"
    )]
    Ahead { archived: u64, size: u64 },
    #[error("somebody else wrote {0} at the same time; one instance writes an archive")]
    Busy(String),
    #[error("{0} does not read back as it was written")]
    Unsound(String),
    #[error("{0} is missing")]
    Missing(String),
    #[error(transparent)]
    Prove(#[from] ProveError),
    #[error("the log has no checkpoint yet, so there is nothing to archive")]
    Nothing,
    #[error("{0} is not empty; a log is restored into a folder of its own")]
    NotEmpty(String),
}

/// What an archive gives.
pub type Result<T> = std::result::Result<T, ArchiveError>;

/// Copies what the log's newest checkpoint covers.
pub fn archive(log: &Path, shelf: &dyn Shelf, depth: Depth) -> Result<Archived> {
    copy::Copy::begin(log, shelf, depth)?.run()
}

fn make(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let shown = || folder.display().to_string();
    Ok(made.map_err(|error| LogError::io("creating folder", &shown(), &error))?)
}

/// The kept checkpoints that the archive's own covers: the log may have signed more meanwhile.
fn up_to(history: &[u8], size: u64) -> Vec<u8> {
    let (notes, _) = history::split(history);
    let within = notes.into_iter().filter(|note| size_of(note).is_ok_and(|found| found <= size));
    within.flat_map(|note| [note, b"\n"].concat()).collect()
}

/// The size that an unverified checkpoint speaks of.
fn size_of(note: &[u8]) -> Result<u64> {
    let text = String::from_utf8_lossy(note);
    let text = text.split_once("\n\n").map_or("", |(text, _)| text);
    let refused = |reason: String| LogError::Checkpoint { file: CHECKPOINT.to_owned(), reason };
    let parsed = Checkpoint::parse(&format!("{text}\n"));
    Ok(parsed.map_err(|error| refused(error.to_string()))?.size)
}
