//! Where the bytes of a log come from.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Files longer than this are not read whole; none of a log's own is.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Why bytes could not be fetched. That a file is not there is no error: see [`Source::read`].
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct SourceError {
    pub file: String,
    pub reason: String,
}

/// What belongs to a log besides its checkpoint and its tiles, and is not to be had everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The verifier key beside the log.
    Key,
    /// The records themselves, in bundles.
    Entries,
    /// The checkpoints that were signed before.
    History,
}

/// A place that a log is read from: a folder here, an HTTP address elsewhere.
pub trait Source {
    /// Whether a part can be read from here at all. Where it can, a missing file of it is a fault;
    /// where it cannot, the report says what could not be proved for want of it.
    fn offers(&mut self, part: Part) -> Result<bool, SourceError> {
        let _ = part;
        Ok(true)
    }
    /// A whole file by its path in the log, such as `tile/0/000`; `None` where there is none.
    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, SourceError>;
    /// First indexes of the segments, in order; empty where segments cannot be read from here.
    fn segments(&mut self) -> Result<Vec<u64>, SourceError>;
}

/// A log's folder.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn failed(path: &str, error: &io::Error) -> SourceError {
        SourceError { file: path.to_owned(), reason: error.to_string() }
    }
}

impl Source for Folder {
    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let file = match std::fs::File::open(self.0.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| Self::failed(path, &error))?,
        };
        // Room for the whole at once: a segment would otherwise be moved again and again.
        let size = file.metadata().map_or(0, |meta| meta.len()).min(MAX_FILE_BYTES);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(|e| Self::failed(path, &e))?;
        Ok(Some(bytes))
    }

    fn segments(&mut self) -> Result<Vec<u64>, SourceError> {
        let disk = crate::files::Disk::new(&self.0);
        crate::segment::list(&disk).map_err(|error| SourceError {
            file: crate::segment::FOLDER.to_owned(),
            reason: error.to_string(),
        })
    }
}
