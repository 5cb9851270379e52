//! A copy of a log elsewhere: made while the log runs, checked as it is made, and enough to
//! restore the log on an empty machine.
//!
//! What never changes (full tiles and bundles, segments that are followed by another) is put once:
//! where it is there already it must be the same, or the archive is of another log, or damaged.
//! What changes (the newest checkpoint, tiles that are not full, the end of the last segment) is
//! replaced, the checkpoint last: the archive always holds all that its checkpoint covers.

use std::path::{Path, PathBuf};

use crate::LogError;
use crate::dropped::{Dropped, PATH as DROPPED, sweep};
use crate::files::{Disk, Files, create_folders, parent, read_optional, replace};
use crate::note::{Checkpoint, NoteError, VerifierKey};
use crate::tile::{Level, Tile};
use crate::tiler::{CHECKPOINT, VKEY};
use crate::{cosigned, frame, history, segment};

/// What a run put into an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// Records that the archive's checkpoint covers.
    pub size: u64,
    /// Files that were put or replaced.
    pub files: u64,
    pub bytes: u64,
}

/// Why nothing was archived, or restored.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(
        "{0} is there already and is another one; this is the archive of another log, or damaged"
    )]
    Differs(String),
    #[error("{0} does not read back as it was written")]
    Unsound(String),
    #[error("{0} is missing")]
    Missing(String),
    #[error("the log has no checkpoint yet, so there is nothing to archive")]
    Nothing,
    #[error("{0} is not empty; a log is restored into a folder of its own")]
    NotEmpty(String),
}

type Result<T> = std::result::Result<T, ArchiveError>;

/// Copies what the log's newest checkpoint covers.
pub fn archive(log: &Path, to: &Path) -> Result<Archived> {
    make(to)?;
    let copy = Copy { from: Disk::new(log), to: Disk::new(to) };
    copy.run()
}

/// Brings an archived log back into an empty folder. Verify it then, with a key from elsewhere.
pub fn restore(from: &Path, log: &Path) -> Result<Archived> {
    make(log)?;
    let source = Disk::new(from);
    if read_optional(&source, CHECKPOINT)?.is_none() {
        return Err(ArchiveError::Missing(CHECKPOINT.to_owned()));
    }
    let target = Disk::new(log);
    if !target.list("").map_err(|error| LogError::io("listing", "", &error))?.is_empty() {
        return Err(ArchiveError::NotEmpty(log.display().to_string()));
    }
    Copy { from: source, to: target }.run()
}

fn make(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let shown = || PathBuf::from(folder).display().to_string();
    Ok(made.map_err(|error| LogError::io("creating folder", &shown(), &error))?)
}

struct Copy {
    from: Disk,
    to: Disk,
}

impl Copy {
    fn run(&self) -> Result<Archived> {
        let mut done = Archived::default();
        // First of all: what it covers was there before it, and stays.
        let note = self.read(CHECKPOINT)?.ok_or(ArchiveError::Nothing)?;
        let size = size_of(&note)?;
        let dropped = read_optional(&self.from, DROPPED)?;
        self.put_once(VKEY, self.whole(VKEY)?, &mut done)?;
        self.tiles(size, &mut done)?;
        self.segments(size, &mut done)?;
        for path in [history::PATH, cosigned::PATH] {
            if let Some(bytes) = self.read(path)? {
                self.put(path, &up_to(&bytes, size), &mut done)?;
            }
        }
        if let Some(bytes) = &dropped {
            self.put(DROPPED, bytes, &mut done)?;
        }
        self.put(CHECKPOINT, &note, &mut done)?;
        if let Some(bytes) = &dropped {
            self.follow(bytes)?;
        }
        done.size = size;
        Ok(done)
    }

    /// What retention dropped from the log goes from the archive too.
    fn follow(&self, note: &[u8]) -> Result<()> {
        let refused = |reason: String| LogError::Checkpoint { file: DROPPED.to_owned(), reason };
        let vkey = String::from_utf8_lossy(&self.whole(VKEY)?).trim().to_owned();
        let vkey: VerifierKey = vkey.parse().map_err(|e: NoteError| refused(e.to_string()))?;
        let dropped = Dropped::open(note, &vkey).map_err(|error| refused(error.to_string()))?;
        Ok(sweep(&self.to, dropped.whole())?)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        Ok(read_optional(&self.from, path)?)
    }

    fn whole(&self, path: &str) -> Result<Vec<u8>> {
        self.read(path)?.ok_or_else(|| ArchiveError::Missing(path.to_owned()))
    }

    fn tiles(&self, size: u64, done: &mut Archived) -> Result<()> {
        for level in 0..8_u8 {
            self.level(Level::Hashes(level), size, done)?;
        }
        self.level(Level::Entries, size, done)
    }

    fn level(&self, level: Level, size: u64, done: &mut Archived) -> Result<()> {
        for index in 0.. {
            let Some(tile) = Tile::in_tree(level, index, size) else { return Ok(()) };
            self.tile(tile, done)?;
        }
        Ok(())
    }

    fn tile(&self, tile: Tile, done: &mut Archived) -> Result<()> {
        let path = tile.to_string();
        if tile.is_partial() {
            // Gone where the log went on meanwhile: the full one begins with it.
            let full = Tile::full(tile.level, tile.index).to_string();
            let bytes = match self.read(&path)? {
                Some(bytes) => Some((path, bytes)),
                None => self.read(&full)?.map(|bytes| (full.clone(), bytes)),
            };
            let (path, bytes) = bytes.ok_or(ArchiveError::Missing(full))?;
            return self.put(&path, &bytes, done);
        }
        match self.read(&path)? {
            Some(bytes) => self.put_once(&path, bytes, done),
            // Retention dropped it; what was archived before stays.
            None if tile.level == Level::Entries && self.read(DROPPED)?.is_some() => Ok(()),
            None => Err(ArchiveError::Missing(path)),
        }
    }

    fn segments(&self, size: u64, done: &mut Archived) -> Result<()> {
        let firsts = segment::list(&self.from)?;
        let followed = firsts.iter().zip(firsts.iter().skip(1));
        for (first, next) in followed.filter(|(_, next)| **next <= size) {
            let path = segment::path(*first);
            let Some(bytes) = self.read(&path)? else { continue };
            self.put_once(&path, covered(&bytes, *first, *next), done)?;
        }
        let last = firsts.iter().rfind(|first| **first < size);
        if let Some(first) =
            last.filter(|first| !firsts.iter().any(|next| next > first && *next <= size))
        {
            let path = segment::path(*first);
            let bytes = self.whole(&path)?;
            self.put(&path, &covered(&bytes, *first, size), done)?;
        }
        Ok(())
    }

    /// Puts what never changes.
    fn put_once(&self, path: &str, bytes: Vec<u8>, done: &mut Archived) -> Result<()> {
        match read_optional(&self.to, path)? {
            Some(found) if found == bytes => Ok(()),
            // The end of a segment that had not been followed by another yet.
            Some(found) if path.ends_with(".seg") && bytes.starts_with(&found) => {
                self.put(path, &bytes, done)
            }
            Some(_) => Err(ArchiveError::Differs(path.to_owned())),
            None => self.put(path, &bytes, done),
        }
    }

    /// Puts a file in one step, and reads it back.
    fn put(&self, path: &str, bytes: &[u8], done: &mut Archived) -> Result<()> {
        if read_optional(&self.to, path)?.as_deref() == Some(bytes) {
            return Ok(());
        }
        create_folders(&self.to, parent(path))?;
        replace(&self.to, path, bytes)?;
        if read_optional(&self.to, path)?.as_deref() != Some(bytes) {
            return Err(ArchiveError::Unsound(path.to_owned()));
        }
        done.files += 1;
        done.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// A segment's bytes up to the record `end`, which is not in them any more. The zeros that fill a
/// segment ahead are left out: whoever reads it takes its end for the same.
fn covered(bytes: &[u8], first: u64, end: u64) -> Vec<u8> {
    let (mut at, mut index) = (segment::HEADER, first);
    while index < end {
        let rest = bytes.get(at..).unwrap_or_default();
        let Ok(found) = frame::decode_expected(rest, index) else { break };
        at += found.size();
        index += 1;
    }
    bytes.get(..at).unwrap_or(bytes).to_vec()
}

/// The kept checkpoints that the archive's own covers: the log may have signed more meanwhile.
fn up_to(history: &[u8], size: u64) -> Vec<u8> {
    let (notes, _) = history::split(history);
    let within = notes.into_iter().filter(|note| size_of(note).is_ok_and(|found| found <= size));
    within.flat_map(|note| [note, b"\n"].concat()).collect()
}

fn size_of(note: &[u8]) -> Result<u64> {
    let text = String::from_utf8_lossy(note);
    let text = text.split_once("\n\n").map_or("", |(text, _)| text);
    let refused = |reason: String| LogError::Checkpoint { file: CHECKPOINT.to_owned(), reason };
    let parsed = Checkpoint::parse(&format!("{text}\n"));
    Ok(parsed.map_err(|error| refused(error.to_string()))?.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{ORIGIN, block_on, clock, fill, key, options};
    use crate::verify::{Folder, Report, Trust, Verdict, verify};
    use crate::{Log, Options};

    fn open(folder: &Path) -> Log {
        Log::open(folder, key(), Options { segment_bytes: 600, ..options() }, clock).unwrap().0
    }

    fn check(folder: &Path) -> Report {
        let key = VerifierKey::new(ORIGIN, key().public()).unwrap();
        verify(&mut Folder::new(folder), &Trust::in_key(&key)).unwrap()
    }

    #[test]
    fn an_archive_follows_the_log_and_restores_it() {
        let folder = tempfile::tempdir().unwrap();
        let [log_at, archive_at, restored] =
            ["log", "archive", "restored"].map(|n| folder.path().join(n));
        let log = open(&log_at);
        for (more, size) in [(300, 300), (5, 305), (400, 705)] {
            fill(&log, more);
            block_on(log.checkpoint()).unwrap();
            // What no checkpoint covers is not archived.
            fill(&log, 3);
            let done = archive(&log_at, &archive_at).unwrap();
            let size = done.size.max(size);
            assert_eq!(done.size, size);
            let report = check(&archive_at);
            assert_eq!((report.verdict, report.faults), (Verdict::Verified, vec![]), "{size}");
            assert_eq!((report.proven, report.compared_with_segments), (done.size, done.size));
        }
        assert_eq!(archive(&log_at, &archive_at).unwrap().files, 0, "nothing is new");
        let size = restore(&archive_at, &restored).unwrap().size;
        assert_eq!(check(&restored).verdict, Verdict::Verified);
        // It goes on from there.
        let again = open(&restored);
        assert_eq!(again.size(), size);
        fill(&again, 50);
        again.close().unwrap();
        assert_eq!(check(&restored).faults, []);
        assert!(matches!(restore(&archive_at, &restored), Err(ArchiveError::NotEmpty(_))));
    }

    #[test]
    fn retention_reaches_the_archive_and_another_log_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let [log_at, archive_at, other_at] =
            ["log", "archive", "other"].map(|n| folder.path().join(n));
        let log = open(&log_at);
        fill(&log, 700);
        block_on(log.checkpoint()).unwrap();
        archive(&log_at, &archive_at).unwrap();
        log.drop_before(600).unwrap();
        archive(&log_at, &archive_at).unwrap();
        assert!(!archive_at.join("tile/entries/000").exists());
        assert_eq!(check(&archive_at).verdict, Verdict::Retained);
        let other = open(&other_at);
        block_on(other.append(b"another".to_vec())).unwrap();
        fill(&other, 699);
        block_on(other.checkpoint()).unwrap();
        let refused = archive(&other_at, &archive_at);
        assert!(matches!(refused, Err(ArchiveError::Differs(_))), "{refused:?}");
        // And what was changed there is noticed, not repaired over.
        let tile = archive_at.join("tile/0/000");
        std::fs::write(&tile, b"changed").unwrap();
        assert!(matches!(archive(&log_at, &archive_at), Err(ArchiveError::Differs(_))));
    }
}
