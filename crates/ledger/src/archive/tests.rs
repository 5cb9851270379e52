use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::note::VerifierKey;
use crate::tests::{ORIGIN, append, block_on, clock, fill, key, options};
use crate::verify::{Folder, Report, Trust, Verdict, verify};
use crate::{Log, Options};

fn open(folder: &Path) -> Log {
    Log::open(folder, key(), Options { segment_bytes: 600, ..options() }, clock).unwrap().0
}

fn check(folder: &Path) -> Report {
    let key = VerifierKey::new(ORIGIN, key().public()).unwrap();
    verify(&mut Folder::new(folder), &Trust::in_key(&key)).unwrap()
}

fn to_folder(log: &Path, to: &Path) -> Result<Archived> {
    archive(log, &FolderShelf::create(to)?, Depth::Whole)
}

fn from_folder(from: &Path, log: &Path) -> Result<Archived> {
    restore(&FolderShelf::open(from), log)
}

/// A log of this many records, and the checkpoint over them.
fn log_of(folder: &Path, records: u64) -> Log {
    let log = open(folder);
    grow(&log, records);
    log
}

fn grow(log: &Log, records: u64) {
    fill(log, records);
    block_on(log.checkpoint()).unwrap();
}

/// A shelf in memory, which fails from a certain write on.
struct Memory {
    files: Mutex<BTreeMap<String, (Vec<u8>, usize)>>,
    writes: AtomicUsize,
    fails_from: AtomicUsize,
}

impl Memory {
    fn new() -> Self {
        let fails_from = AtomicUsize::new(usize::MAX);
        Self { files: Mutex::default(), writes: AtomicUsize::new(0), fails_from }
    }

    fn fail_from(&self, write: usize) {
        self.writes.store(0, Ordering::Relaxed);
        self.fails_from.store(write, Ordering::Relaxed);
    }

    fn write(&self, path: &str) -> std::result::Result<usize, ShelfError> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        if number < self.fails_from.load(Ordering::Relaxed) {
            return Ok(number);
        }
        Err(ShelfError { operation: "writing", path: path.into(), reason: "gone".into() })
    }

    fn paths(&self) -> Vec<String> {
        self.files.lock().unwrap().keys().cloned().collect()
    }

    fn spoil(&self, path: &str) {
        self.files.lock().unwrap().get_mut(path).unwrap().0[0] ^= 1;
    }
}

impl Shelf for Memory {
    fn read(&self, path: &str) -> std::result::Result<Option<Found>, ShelfError> {
        let files = self.files.lock().unwrap();
        let found = |(bytes, version): &(Vec<u8>, usize)| Found {
            bytes: bytes.clone(),
            version: version.to_string(),
        };
        Ok(files.get(path).map(found))
    }

    fn put(
        &self,
        path: &str,
        bytes: &[u8],
        over: Option<&str>,
    ) -> std::result::Result<Put, ShelfError> {
        let number = self.write(path)?;
        let mut files = self.files.lock().unwrap();
        if files.get(path).map(|(_, version)| version.to_string()).as_deref() != over {
            return Ok(Put::Other);
        }
        let version = files.len() * 1_000_000 + number;
        files.insert(path.to_owned(), (bytes.to_vec(), version));
        Ok(Put::Done)
    }

    fn list(&self, folder: &str) -> std::result::Result<Vec<String>, ShelfError> {
        let folder = format!("{folder}/");
        Ok(self.paths().into_iter().filter(|path| path.starts_with(&folder)).collect())
    }

    fn remove(&self, path: &str) -> std::result::Result<(), ShelfError> {
        self.write(path)?;
        self.files.lock().unwrap().remove(path);
        Ok(())
    }

    fn keeps_the_end(&self) -> bool {
        false
    }

    fn at_once(&self) -> usize {
        3
    }
}

#[test]
fn an_archive_follows_the_log_and_restores_it() {
    let folder = tempfile::tempdir().unwrap();
    let [log_at, archive_at, restored] =
        ["log", "archive", "restored"].map(|n| folder.path().join(n));
    let log = open(&log_at);
    for more in [300, 5, 400] {
        grow(&log, more);
        let size = log.size();
        // What no checkpoint covers is not archived.
        fill(&log, 3);
        assert_eq!(to_folder(&log_at, &archive_at).unwrap().size, size);
        let report = check(&archive_at);
        assert_eq!((report.verdict, report.faults), (Verdict::Verified, vec![]), "{size}");
        assert_eq!(report.proven, size);
    }
    assert_eq!(to_folder(&log_at, &archive_at).unwrap().files, 0, "nothing is new");
    let size = from_folder(&archive_at, &restored).unwrap().size;
    let report = check(&restored);
    assert_eq!((report.verdict, report.compared_with_segments), (Verdict::Verified, size));
    // It goes on from there.
    let again = open(&restored);
    assert_eq!(again.size(), size);
    fill(&again, 50);
    again.close().unwrap();
    assert_eq!(check(&restored).faults, []);
    assert!(matches!(from_folder(&archive_at, &restored), Err(ArchiveError::NotEmpty(_))));
}

#[test]
fn a_run_looks_only_at_what_is_new_and_ends_with_the_same_archive() {
    let folder = tempfile::tempdir().unwrap();
    let (log, shelf, whole) = (open(folder.path()), Memory::new(), Memory::new());
    for more in [1, 254, 1, 1, 600, 1000] {
        grow(&log, more);
        let done = archive(folder.path(), &shelf, Depth::New).unwrap();
        assert!(done.files < 3 * more + 20, "{more}: {done:?}");
    }
    archive(folder.path(), &whole, Depth::Whole).unwrap();
    // Besides the tiles that were not full in between, those of a tile that is not full yet.
    let is_left = |path: &String| !path.contains(".p/");
    let left = |shelf: &Memory| shelf.paths().into_iter().filter(is_left).collect::<Vec<_>>();
    let other: Vec<_> = left(&whole).into_iter().filter(|p| !left(&shelf).contains(p)).collect();
    assert_eq!((other, left(&shelf).len()), (vec![], left(&whole).len()));
    let partial = |shelf: &Memory| shelf.paths().iter().filter(|path| !is_left(path)).count();
    assert!(partial(&shelf) <= partial(&whole) + 6, "{:?}", shelf.paths());
}

#[test]
fn wherever_a_run_breaks_off_the_archive_restores_and_the_next_run_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let log_at = folder.path().join("log");
    let log = log_of(&log_at, 300);
    let before = Memory::new();
    archive(&log_at, &before, Depth::New).unwrap();
    let before = before.files.into_inner().unwrap();
    grow(&log, 250);
    log.drop_before(280).unwrap();
    for write in 0.. {
        let shelf = Memory { files: Mutex::new(before.clone()), ..Memory::new() };
        shelf.fail_from(write);
        let is_done = archive(&log_at, &shelf, Depth::New).is_ok();
        let restored = folder.path().join(format!("restored-{write}"));
        let size = restore(&shelf, &restored).unwrap().size;
        assert!(size == 300 || size == 550, "{size}");
        let report = check(&restored);
        // Verified, or what was dropped is said to be.
        assert_eq!(report.faults, [], "{write}");
        std::fs::remove_dir_all(&restored).unwrap();
        shelf.fail_from(usize::MAX);
        archive(&log_at, &shelf, Depth::Whole).unwrap();
        assert!(!shelf.paths().contains(&"tile/entries/000.p/44".to_owned()));
        if is_done {
            return;
        }
    }
}

#[test]
fn retention_reaches_the_archive_and_another_log_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let [log_at, archive_at, other_at] = ["log", "archive", "other"].map(|n| folder.path().join(n));
    let log = log_of(&log_at, 700);
    to_folder(&log_at, &archive_at).unwrap();
    log.drop_before(600).unwrap();
    to_folder(&log_at, &archive_at).unwrap();
    assert!(!archive_at.join("tile/entries/000").exists());
    assert_eq!(check(&archive_at).verdict, Verdict::Retained);
    let other = open(&other_at);
    append(&other, "another").unwrap();
    grow(&other, 699);
    let refused = to_folder(&other_at, &archive_at);
    assert!(matches!(refused, Err(ArchiveError::Differs(_))), "{refused:?}");
    // And what was changed there is noticed, not repaired over.
    let tile = archive_at.join("tile/0/000");
    std::fs::write(&tile, b"changed").unwrap();
    assert!(matches!(to_folder(&log_at, &archive_at), Err(ArchiveError::Differs(_))));
}

#[test]
fn a_log_that_was_rolled_back_or_forked_within_a_tile_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [log_at, copy_at, fork_at] = ["log", "copy", "fork"].map(|n| folder.path().join(n));
    let shelf = Memory::new();
    let log = log_of(&log_at, 5);
    archive(&log_at, &shelf, Depth::New).unwrap();
    restore(&shelf, &copy_at).unwrap();
    restore(&shelf, &fork_at).unwrap();
    grow(&log, 2);
    archive(&log_at, &shelf, Depth::New).unwrap();
    let held = shelf.read(CHECKPOINT).unwrap();
    for depth in [Depth::New, Depth::Whole] {
        let refused = archive(&copy_at, &shelf, depth);
        let ahead =
            |error: &ArchiveError| matches!(error, ArchiveError::Ahead { archived: 7, size: 5 });
        assert!(refused.as_ref().is_err_and(ahead), "{refused:?}");
        let fork = open(&fork_at);
        append(&fork, "another story").unwrap();
        grow(&fork, 20);
        fork.close().unwrap();
        let refused = archive(&fork_at, &shelf, depth);
        assert!(matches!(refused, Err(ArchiveError::Differs(_))), "{refused:?}");
    }
    assert_eq!(shelf.read(CHECKPOINT).unwrap(), held);
}

#[test]
fn every_file_that_was_changed_in_the_archive_is_found_by_a_whole_run() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Memory::new();
    let log = log_of(folder.path(), 300);
    archive(folder.path(), &shelf, Depth::New).unwrap();
    log.close().unwrap();
    for path in shelf.paths() {
        shelf.spoil(&path);
        let found = archive(folder.path(), &shelf, Depth::Whole);
        // A list of checkpoints is written anew; that it was is seen by whoever reads the archive.
        let is_repaired = path == "checkpoints";
        assert_eq!(found.is_ok(), is_repaired, "{path}: {found:?}");
        if !is_repaired {
            shelf.spoil(&path);
        }
    }
}

#[test]
fn a_name_that_leads_out_of_the_folder_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (log_at, restored) = (folder.path().join("log"), folder.path().join("restored"));
    let shelf = Memory::new();
    log_of(&log_at, 30);
    archive(&log_at, &shelf, Depth::New).unwrap();
    for name in ["segments/../../evil.seg", "segments/x/00000000000000000001.seg"] {
        shelf.put(name, b"x", None).unwrap();
    }
    restore(&shelf, &restored).unwrap();
    assert!(!folder.path().join("evil.seg").exists());
    assert_eq!(check(&restored).verdict, Verdict::Verified);
}

#[test]
fn two_at_once_do_not_replace_each_others_checkpoint() {
    struct Meddled<'a>(&'a Memory);
    impl Shelf for Meddled<'_> {
        fn read(&self, path: &str) -> std::result::Result<Option<Found>, ShelfError> {
            let found = self.0.read(path)?;
            if path == CHECKPOINT
                && let Some(found) = &found
            {
                // Written again, by another, right after it was read.
                self.0.put(path, &found.bytes, Some(&found.version))?;
            }
            Ok(found)
        }
        fn put(
            &self,
            path: &str,
            bytes: &[u8],
            over: Option<&str>,
        ) -> std::result::Result<Put, ShelfError> {
            self.0.put(path, bytes, over)
        }
        fn list(&self, folder: &str) -> std::result::Result<Vec<String>, ShelfError> {
            self.0.list(folder)
        }
        fn remove(&self, path: &str) -> std::result::Result<(), ShelfError> {
            self.0.remove(path)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let shelf = Memory::new();
    let log = log_of(folder.path(), 3);
    archive(folder.path(), &shelf, Depth::New).unwrap();
    grow(&log, 3);
    let refused = archive(folder.path(), &Meddled(&shelf), Depth::New);
    assert!(matches!(&refused, Err(ArchiveError::Busy(path)) if path == CHECKPOINT), "{refused:?}");
}
