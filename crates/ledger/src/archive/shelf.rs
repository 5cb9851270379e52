//! Where an archive is kept: a folder here, a bucket elsewhere.

use std::io;
use std::path::Path;

use model::Digest;

use super::{ArchiveError, make};
use crate::files::{Disk, Files, create_folders, parent, read_optional, replace};

/// Why something could not be done with an archive.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {path} in the archive: {reason}")]
pub struct ShelfError {
    pub operation: &'static str,
    pub path: String,
    pub reason: String,
}

impl ShelfError {
    fn io(operation: &'static str, path: &str, error: &io::Error) -> Self {
        Self { operation, path: path.to_owned(), reason: error.to_string() }
    }
}

/// A file as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub bytes: Vec<u8>,
    /// Another one where the file was written again since. Means nothing to anybody else.
    pub version: String,
}

/// What became of a file that was to be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    Done,
    /// There is one already, or another one than was to be replaced; it stays.
    Other,
}

/// A place for an archive. Paths are those of the log's folder, with `/` between the parts.
pub trait Shelf: Send + Sync {
    /// A whole file; `None` where there is none.
    fn read(&self, path: &str) -> Result<Option<Found>, ShelfError>;
    /// Puts a file in one step: where there is none, or else in place of that version of it.
    fn put(&self, path: &str, bytes: &[u8], over: Option<&str>) -> Result<Put, ShelfError>;
    /// Whether a file holds these bytes and no others; `None` where there is none.
    fn holds(&self, path: &str, bytes: &[u8]) -> Result<Option<bool>, ShelfError> {
        Ok(self.read(path)?.map(|found| found.bytes == bytes))
    }
    /// The paths of all files in a folder and in those below it, in no order.
    fn list(&self, folder: &str) -> Result<Vec<String>, ShelfError>;
    /// Removes a file; succeeds where there is none.
    fn remove(&self, path: &str) -> Result<(), ShelfError>;
    /// Whether the end of the last segment is kept, which is put again at each run. Without it the
    /// archive cannot be verified as it lies, and restores all the same.
    fn keeps_the_end(&self) -> bool {
        true
    }
    /// Threads that may ask at once.
    fn at_once(&self) -> usize {
        1
    }
}

/// A folder, perhaps one of another machine that is mounted here.
pub struct FolderShelf(Disk);

impl FolderShelf {
    /// Makes the folder where there is none.
    pub fn create(folder: &Path) -> Result<Self, ArchiveError> {
        make(folder)?;
        Ok(Self(Disk::new(folder)))
    }

    /// A folder that is there, or perhaps not.
    pub fn open(folder: &Path) -> Self {
        Self(Disk::new(folder))
    }
}

impl Shelf for FolderShelf {
    fn read(&self, path: &str) -> Result<Option<Found>, ShelfError> {
        let bytes = read_optional(&self.0, path).map_err(|error| failed("reading", path, error))?;
        Ok(bytes.map(|bytes| Found { version: Digest::of(&bytes).to_string(), bytes }))
    }

    fn put(&self, path: &str, bytes: &[u8], over: Option<&str>) -> Result<Put, ShelfError> {
        let found = self.read(path)?;
        if found.as_ref().map(|found| found.version.as_str()) != over {
            return Ok(Put::Other);
        }
        let put =
            create_folders(&self.0, parent(path)).and_then(|()| replace(&self.0, path, bytes));
        put.map_err(|error| failed("writing", path, error))?;
        Ok(Put::Done)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ShelfError> {
        let mut folders = vec![folder.to_owned()];
        let mut paths = Vec::new();
        while let Some(folder) = folders.pop() {
            let listed = |error: &io::Error| ShelfError::io("listing", &folder, error);
            for name in self.0.list(&folder).map_err(|error| listed(&error))? {
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                match self.0.is_folder(&path).map_err(|error| listed(&error))? {
                    true => folders.push(path),
                    false => paths.push(path),
                }
            }
        }
        Ok(paths)
    }

    fn remove(&self, path: &str) -> Result<(), ShelfError> {
        match self.0.remove(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|error| ShelfError::io("removing", path, &error)),
        }
    }
}

fn failed(operation: &'static str, path: &str, error: crate::LogError) -> ShelfError {
    ShelfError { operation, path: path.to_owned(), reason: error.to_string() }
}
