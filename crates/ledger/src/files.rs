//! The file operations that a log makes, behind one small interface.
//!
//! Tests put failing, short-writing and power-cut file systems here; everything else uses
//! [`Disk`]. Paths are relative to the log's folder, with `/` between the parts.

use std::io;
use std::sync::Arc;

mod disk;
#[cfg(test)]
pub(crate) mod memory;

pub use disk::Disk;

use crate::LogError;

/// An open file. Reads and writes carry their offset and may be short.
pub trait File: Send + Sync {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Returns once the file's data, and the size needed to read it, are on the disk.
    fn sync(&self) -> io::Result<()>;
    fn size(&self) -> io::Result<u64>;
    fn set_size(&self, size: u64) -> io::Result<()>;
}

/// One log's folder.
pub trait Files: Send + Sync {
    /// Opens for reading.
    fn open(&self, path: &str) -> io::Result<Box<dyn File>>;
    /// Opens for reading and writing; creates an empty file where there is none.
    fn create(&self, path: &str) -> io::Result<Box<dyn File>>;
    /// As `create`, but each write returns only once its bytes are on the disk. `None` where the
    /// system cannot do that: then the caller writes and syncs.
    fn create_synced(&self, path: &str) -> io::Result<Option<Box<dyn File>>>;
    /// The whole file.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// Names in a folder, in no order; empty where there is no such folder.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Creates one folder; false where it was there.
    fn create_folder(&self, folder: &str) -> io::Result<bool>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Removes a folder and the files in it; succeeds where there is none.
    fn remove_folder(&self, folder: &str) -> io::Result<()>;
    /// Returns once the names in the folder are on the disk.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
    /// Returns once everything that was written before is on the disk, names too. False where the
    /// system cannot do that in one call: then the caller syncs file by file.
    fn sync_everything(&self) -> io::Result<bool>;
    /// Holds the folder for one writer until dropped; `None` where another one holds it.
    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Send + Sync>>>;
}

pub(crate) type SharedFiles = Arc<dyn Files>;

/// The folder that a path is in; the empty path is the log's own folder.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Writes all bytes, however short the single writes are.
pub(crate) fn write_all(file: &dyn File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until the buffer is full or the file ends; returns how much was read.
pub(crate) fn read_full(file: &dyn File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Creates a folder and those above it; each new name is on the disk when this returns.
pub(crate) fn create_folders(files: &dyn Files, folder: &str) -> Result<(), LogError> {
    let failed = |error| LogError::io("creating folder", folder, &error);
    let ends = folder.match_indices('/').map(|(at, _)| at).chain([folder.len()]);
    for path in ends.filter_map(|end| folder.get(..end)).filter(|path| !path.is_empty()) {
        if files.create_folder(path).map_err(failed)? {
            files.sync_folder(parent(path)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Writes a whole new file and syncs it; its name still needs a sync of the folder.
pub(crate) fn write_file(files: &dyn Files, path: &str, bytes: &[u8]) -> Result<(), LogError> {
    let write = || {
        let file = files.create(path)?;
        write_all(&*file, bytes, 0)?;
        file.set_size(bytes.len() as u64)?;
        file.sync()
    };
    write().map_err(|error| LogError::io("writing", path, &error))
}

/// Replaces a file in one step: readers and crashes see the old bytes or the new ones.
pub(crate) fn replace(files: &dyn Files, path: &str, bytes: &[u8]) -> Result<(), LogError> {
    let temporary = format!("{path}.new");
    write_file(files, &temporary, bytes)?;
    files
        .rename(&temporary, path)
        .and_then(|()| files.sync_folder(parent(path)))
        .map_err(|error| LogError::io("replacing", path, &error))
}

/// A small file's bytes, or `None` where there is none.
pub(crate) fn read_optional(files: &dyn Files, path: &str) -> Result<Option<Vec<u8>>, LogError> {
    match files.read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LogError::io("reading", path, &error)),
    }
}
