//! A log brought back from its archive.

use std::path::Path;

use super::{ArchiveError, Archived, Result, Shelf, make, size_of, up_to};
use crate::dropped::{Dropped, PATH as DROPPED};
use crate::files::{Disk, Files, create_folders, parent, read_optional, replace};
use crate::note::VerifierKey;
use crate::tile::{Entries, Level, Tile, WIDTH};
use crate::tiler::{CHECKPOINT, VKEY};
use crate::{LogError, cosigned, frame, history, segment};

/// Brings an archived log back into an empty folder. Verify it then, with a key from elsewhere.
pub fn restore(shelf: &dyn Shelf, log: &Path) -> Result<Archived> {
    let note = shelf.read(CHECKPOINT)?.ok_or_else(|| missing(CHECKPOINT))?.bytes;
    make(log)?;
    let disk = Disk::new(log);
    if !disk.list("").map_err(|error| LogError::io("listing", "", &error))?.is_empty() {
        return Err(ArchiveError::NotEmpty(log.display().to_string()));
    }
    let done = Archived { size: size_of(&note)?, ..Archived::default() };
    Restore { shelf, log: disk, done }.run(&note)
}

struct Restore<'a> {
    shelf: &'a dyn Shelf,
    log: Disk,
    done: Archived,
}

impl Restore<'_> {
    fn run(mut self, note: &[u8]) -> Result<Archived> {
        let vkey = self.fetch(VKEY)?.ok_or_else(|| missing(VKEY))?;
        self.write(VKEY, &vkey)?;
        let dropped = self.fetch(DROPPED)?;
        for level in (0..8).map(Level::Hashes).chain([Level::Entries]) {
            self.level(level, dropped.is_some())?;
        }
        self.segments()?;
        let key = String::from_utf8_lossy(&vkey).trim().parse();
        self.tail(first_left(dropped.as_deref(), key.ok().as_ref()))?;
        for path in [history::PATH, cosigned::PATH] {
            if let Some(bytes) = self.fetch(path)? {
                self.write(path, &up_to(&bytes, self.done.size))?;
            }
        }
        if let Some(bytes) = dropped {
            self.write(DROPPED, &bytes)?;
        }
        self.write(CHECKPOINT, note)?;
        Ok(self.done)
    }

    fn level(&mut self, level: Level, is_dropped: bool) -> Result<()> {
        for index in 0.. {
            let Some(tile) = Tile::in_tree(level, index, self.done.size) else { return Ok(()) };
            match self.tile(tile)? {
                Some((path, bytes)) => self.write(&path, &bytes)?,
                None if level == Level::Entries && is_dropped => {}
                None => return Err(missing(&tile.to_string())),
            }
        }
        Ok(())
    }

    /// A tile and its path: that of the full one, where the archive has only that.
    fn tile(&self, tile: Tile) -> Result<Option<(String, Vec<u8>)>> {
        let path = tile.to_string();
        match self.fetch(&path)? {
            Some(bytes) => Ok(Some((path, bytes))),
            None if tile.is_partial() => self.tile(Tile::full(tile.level, tile.index)),
            None => Ok(None),
        }
    }

    fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.shelf.read(path)?.map(|found| found.bytes))
    }

    fn segments(&mut self) -> Result<()> {
        // What lies there under another name is not the log's, and might lead out of its folder.
        let found = self.shelf.list(segment::FOLDER)?.into_iter();
        for path in found.filter(|path| segment::first_of(path).is_some()) {
            let bytes = self.fetch(&path)?.ok_or_else(|| missing(&path))?;
            self.write(&path, &bytes)?;
        }
        Ok(())
    }

    /// The records after the last archived segment, in one of their own.
    fn tail(&mut self, first: u64) -> Result<()> {
        let from = self.end_of_segments()?.unwrap_or(first);
        if from >= self.done.size {
            return Ok(());
        }
        let mut bytes = segment::header(from);
        for bundle in from / WIDTH.. {
            let Some(tile) = Tile::in_tree(Level::Entries, bundle, self.done.size) else { break };
            let (_, text) = self.tile(tile)?.ok_or_else(|| missing(&tile.to_string()))?;
            let first = bundle * WIDTH;
            let entries = (first..self.done.size).zip(Entries::of(&text));
            for (index, (_, entry)) in entries.filter(|(index, _)| *index >= from) {
                frame::encode(&mut bytes, index, index, entry);
            }
        }
        self.write(&segment::path(from), &bytes)
    }

    /// The first record that no restored segment holds.
    fn end_of_segments(&self) -> Result<Option<u64>> {
        let Some(first) = segment::list(&self.log)?.last().copied() else { return Ok(None) };
        let bytes = read_optional(&self.log, &segment::path(first))?.unwrap_or_default();
        let mut rest = bytes.get(segment::HEADER..).unwrap_or_default();
        let mut end = first;
        while let Ok(found) = frame::decode_expected(rest, end) {
            rest = rest.get(found.size()..).unwrap_or_default();
            end += 1;
        }
        Ok(Some(end))
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        create_folders(&self.log, parent(path))?;
        replace(&self.log, path, bytes)?;
        self.done.files += 1;
        self.done.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// The first record that retention left.
fn first_left(note: Option<&[u8]>, key: Option<&VerifierKey>) -> u64 {
    let opened = note.zip(key).and_then(|(note, key)| Dropped::open(note, key).ok());
    opened.map_or(0, |dropped| dropped.first)
}

fn missing(path: &str) -> ArchiveError {
    ArchiveError::Missing(path.to_owned())
}
