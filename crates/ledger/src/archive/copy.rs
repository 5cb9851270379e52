//! One run of archiving.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{ArchiveError, Archived, Depth, Put, Result, Shelf, up_to};
use crate::dropped::{Dropped, PATH as DROPPED};
use crate::files::{Disk, read_optional};
use crate::note::{Checkpoint, NoteError, VerifierKey};
use crate::proof::verify_consistency;
use crate::prove::Prover;
use crate::tile::{ENTRIES, Level, Tile, WIDTH};
use crate::tiler::{CHECKPOINT, VKEY};
use crate::verify::Folder;
use crate::{LogError, cosigned, frame, history, segment};

/// Levels of hashes that a tree of 2^64 leaves has.
const LEVELS: u8 = 8;

pub(super) struct Copy<'a> {
    folder: PathBuf,
    log: Disk,
    shelf: &'a dyn Shelf,
    depth: Depth,
    key: VerifierKey,
    /// First of all read: what it covers was there before it, and stays.
    note: Vec<u8>,
    ours: Checkpoint,
    /// Records that the archive's checkpoint covers.
    held: u64,
    /// The version of that checkpoint, so that nobody else's is replaced.
    version: Option<String>,
    done: Mutex<Archived>,
}

impl<'a> Copy<'a> {
    pub(super) fn begin(log: &Path, shelf: &'a dyn Shelf, depth: Depth) -> Result<Self> {
        let disk = Disk::new(log);
        let note = read_optional(&disk, CHECKPOINT)?.ok_or(ArchiveError::Nothing)?;
        let vkey = read_optional(&disk, VKEY)?.ok_or_else(|| missing(VKEY))?;
        let key: VerifierKey =
            String::from_utf8_lossy(&vkey).trim().parse().map_err(|e| refused(VKEY, &e))?;
        let ours = Checkpoint::open(&note, &key).map_err(|e| refused(CHECKPOINT, &e))?;
        let folder = log.to_owned();
        let (held, version, done) = (0, None, Mutex::default());
        let log = disk;
        Ok(Self { folder, log, shelf, depth, key, note, ours, held, version, done })
    }

    pub(super) fn run(mut self) -> Result<Archived> {
        let vkey = self.whole(VKEY)?;
        self.put_once(VKEY, &vkey)?;
        self.look()?;
        for level in (0..LEVELS).map(Level::Hashes).chain([Level::Entries]) {
            self.level(level)?;
        }
        self.segments()?;
        for path in [history::PATH, cosigned::PATH] {
            if let Some(bytes) = self.read(path)? {
                self.replace(path, &up_to(&bytes, self.ours.size))?;
            }
        }
        let dropped = self.drop_note()?;
        self.checkpoint()?;
        if let Some((before, first)) = dropped {
            self.follow(before, first)?;
        }
        Ok(Archived { size: self.ours.size, ..*lock(&self.done) })
    }

    /// Whether the archive holds the beginning of this log, and how much of it.
    fn look(&mut self) -> Result<()> {
        let Some(found) = self.shelf.read(CHECKPOINT)? else { return Ok(()) };
        let differs = || ArchiveError::Differs(CHECKPOINT.to_owned());
        let theirs = Checkpoint::open(&found.bytes, &self.key).map_err(|_| differs())?;
        if theirs.size > self.ours.size {
            return Err(ArchiveError::Ahead { archived: theirs.size, size: self.ours.size });
        }
        if theirs.size > 0 {
            let mut folder = Folder::new(&self.folder);
            let path = Prover::new(&mut folder, self.ours.size).consistency(theirs.size)?;
            let (old, new) = ((theirs.size, &theirs.root), (self.ours.size, &self.ours.root));
            verify_consistency(old, new, &path).map_err(|_| differs())?;
        }
        (self.held, self.version) = (theirs.size, Some(found.version));
        Ok(())
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        Ok(read_optional(&self.log, path)?)
    }

    fn whole(&self, path: &str) -> Result<Vec<u8>> {
        self.read(path)?.ok_or_else(|| missing(path))
    }

    /// Records before this are not looked at.
    fn from(&self) -> u64 {
        if self.depth == Depth::Whole { 0 } else { self.held }
    }

    /// Puts the tiles of a level, as many at once as the archive takes.
    fn level(&self, level: Level) -> Result<()> {
        let (next, failed) = (AtomicU64::new(tile_of(level, self.from())), Mutex::new(None));
        let put_some = || {
            while lock(&failed).is_none() {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(tile) = Tile::in_tree(level, index, self.ours.size) else { return };
                if let Err(error) = self.put_tile(tile) {
                    lock(&failed).get_or_insert(error);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.shelf.at_once() {
                scope.spawn(put_some);
            }
            put_some();
        });
        let failed = lock(&failed).take();
        failed.map_or(Ok(()), Err)
    }

    fn put_tile(&self, tile: Tile) -> Result<()> {
        let is_full = self.tile(tile)?;
        // The one that was not full when the archive was written last.
        if is_full && self.held > 0 && tile.index == tile_of(tile.level, self.held) {
            self.remove_partial(tile)?;
        }
        Ok(())
    }

    /// Puts a tile, and says whether it was the full one.
    fn tile(&self, tile: Tile) -> Result<bool> {
        let (path, full) = (tile.to_string(), Tile::full(tile.level, tile.index));
        match self.read(&path)? {
            Some(bytes) => self.put_once(&path, &bytes).map(|()| !tile.is_partial()),
            // Gone where the log went on meanwhile: the full one begins with it.
            None if tile.is_partial() => self.tile(full),
            None if self.is_dropped(tile) => Ok(true),
            None => Err(missing(&path)),
        }
    }

    fn is_dropped(&self, tile: Tile) -> bool {
        // Read again: it may have been dropped since this run began.
        let is_noted = || self.read(DROPPED).is_ok_and(|note| note.is_some());
        tile.level == Level::Entries && is_noted()
    }

    fn remove_partial(&self, tile: Tile) -> Result<()> {
        for path in self.shelf.list(&tile.partials_folder())? {
            self.shelf.remove(&path)?;
        }
        Ok(())
    }

    /// The segments that are followed by another one under the checkpoint, and the beginning of the
    /// last one where that is kept.
    fn segments(&self) -> Result<()> {
        let firsts = segment::list(&self.log)?;
        let (from, size) = (self.from(), self.ours.size);
        // One that ends where the checkpoint before ended may not have been followed then.
        let followed = firsts.iter().zip(firsts.iter().skip(1));
        for (first, next) in followed.filter(|(_, next)| (from..=size).contains(*next)) {
            self.segment(*first, *next)?;
        }
        let is_followed = |first: u64| firsts.iter().any(|next| *next > first && *next <= size);
        let last = firsts.iter().rfind(|first| **first < size).copied();
        match last.filter(|first| self.shelf.keeps_the_end() && !is_followed(*first)) {
            Some(first) => self.segment(first, size),
            None => Ok(()),
        }
    }

    fn segment(&self, first: u64, end: u64) -> Result<()> {
        let path = segment::path(first);
        // Dropped since.
        let Some(bytes) = self.read(&path)? else { return Ok(()) };
        self.put_once(&path, covered(&bytes, first, end))
    }

    /// Puts the note of what was dropped; gives how far the archive and the log have dropped. It
    /// is read last, so that it speaks of all that this run did not find.
    fn drop_note(&self) -> Result<Option<(u64, u64)>> {
        let Some(note) = self.read(DROPPED)? else { return Ok(None) };
        let first = Dropped::open(&note, &self.key).map_err(|e| refused(DROPPED, &e))?.first;
        let differs = || ArchiveError::Differs(DROPPED.to_owned());
        let before = match self.shelf.read(DROPPED)? {
            Some(found) => Dropped::open(&found.bytes, &self.key).map_err(|_| differs())?.first,
            None => 0,
        };
        if before > first {
            return Err(differs());
        }
        self.replace(DROPPED, &note)?;
        Ok(Some((before, first)))
    }

    /// What retention dropped from the log goes from the archive too.
    fn follow(&self, before: u64, first: u64) -> Result<()> {
        // A run that broke off may have left some of what went before: a whole one takes it along.
        let before = if self.depth == Depth::Whole { 0 } else { before };
        if before >= first {
            return Ok(());
        }
        let segments = self.shelf.list(segment::FOLDER)?.into_iter();
        let segments = segments.filter(|path| segment::first_of(path).is_some_and(|at| at < first));
        let listed: HashSet<String> = self.shelf.list(ENTRIES)?.into_iter().collect();
        let bundles = (before / WIDTH..first / WIDTH)
            .map(|bundle| Tile::full(Level::Entries, bundle).to_string())
            .filter(|path| listed.contains(path));
        for path in segments.chain(bundles) {
            self.shelf.remove(&path)?;
        }
        Ok(())
    }

    fn checkpoint(&self) -> Result<()> {
        if self.shelf.holds(CHECKPOINT, &self.note)? == Some(true) {
            return Ok(());
        }
        self.put(CHECKPOINT, &self.note, self.version.as_deref())
    }

    /// Puts what never changes.
    fn put_once(&self, path: &str, bytes: &[u8]) -> Result<()> {
        // A segment that is there is not sent again only to hear so.
        let asks = self.depth == Depth::Whole || path.ends_with(".seg");
        let known = if asks { self.shelf.holds(path, bytes)? } else { None };
        if known == Some(true) {
            return Ok(());
        }
        if known.is_none() && self.shelf.put(path, bytes, None)? == Put::Done {
            return self.check(path, bytes);
        }
        let found = self.shelf.read(path)?.ok_or_else(|| missing(path))?;
        match found.bytes.as_slice() {
            same if same == bytes => Ok(()),
            // The end of a segment that had not been followed by another yet.
            begun if path.ends_with(".seg") && bytes.starts_with(begun) => {
                self.put(path, bytes, Some(&found.version))
            }
            _ => Err(ArchiveError::Differs(path.to_owned())),
        }
    }

    /// Puts what may be there as it was before.
    fn replace(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let found = self.shelf.read(path)?;
        if found.as_ref().is_some_and(|found| found.bytes == bytes) {
            return Ok(());
        }
        self.put(path, bytes, found.as_ref().map(|found| found.version.as_str()))
    }

    fn put(&self, path: &str, bytes: &[u8], over: Option<&str>) -> Result<()> {
        match self.shelf.put(path, bytes, over)? {
            Put::Done => self.check(path, bytes),
            Put::Other => Err(ArchiveError::Busy(path.to_owned())),
        }
    }

    /// Reads back what was put.
    fn check(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let found = self.shelf.read(path)?;
        if found.is_none_or(|found| found.bytes != bytes) {
            return Err(ArchiveError::Unsound(path.to_owned()));
        }
        let mut done = lock(&self.done);
        done.files += 1;
        done.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// The tile of a level that is not full yet in a tree of this size.
fn tile_of(level: Level, size: u64) -> u64 {
    let height = match level {
        Level::Entries => 0,
        Level::Hashes(level) => u32::from(level),
    };
    size.checked_shr(8 * (height + 1)).unwrap_or(0)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn missing(path: &str) -> ArchiveError {
    ArchiveError::Missing(path.to_owned())
}

fn refused(file: &str, error: &NoteError) -> ArchiveError {
    LogError::Checkpoint { file: file.to_owned(), reason: error.to_string() }.into()
}

/// A segment's bytes up to the record `end`, which is not in them any more. The zeros that fill a
/// segment ahead are left out: whoever reads it takes its end for the same.
fn covered(bytes: &[u8], first: u64, end: u64) -> &[u8] {
    let (mut at, mut index) = (segment::HEADER, first);
    while index < end {
        let rest = bytes.get(at..).unwrap_or_default();
        let Ok(found) = frame::decode_expected(rest, index) else { break };
        at += found.size();
        index += 1;
    }
    bytes.get(..at).unwrap_or(bytes)
}
