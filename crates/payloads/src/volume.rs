//! Append-only files of sealed pieces, a folder a month: `2026-11/000003.pay`.
//!
//! Whoever has a piece takes its place at once ([`Volumes::reserve`]); one thread writes the pieces
//! and syncs many with one call. A start begins new volumes, so that what a crash left half
//! written is never written over or read. A volume in which a write or a sync failed gets nothing
//! more, and everything in it that was not synced before counts as not kept.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Month;
use tokio::sync::oneshot;

use crate::KeepError;
use crate::frame::Link;

/// Pieces that wait for the disk; one more is refused.
pub const MAX_WAITING: usize = 1024;

/// A volume that has grown to this many bytes gets no further payload.
const VOLUME_BYTES: u64 = 256 << 20;

/// Pieces that are written with one sync at most.
const MAX_BATCH: usize = 256;

/// Volumes that are open for writing at once.
const MAX_OPEN: usize = 4;

const MAGIC: &[u8; 16] = b"PCPAYLOADS\0\0\0\0\0\x01";
const SUFFIX: &str = ".pay";

/// Says when a piece, and all before it of its payload, are on the disk.
pub(crate) type Done = oneshot::Sender<Result<(), KeepError>>;

/// One piece on its way to the disk.
struct Job {
    month: Month,
    at: Link,
    frame: Vec<u8>,
    /// Set where any piece of the payload could not be written.
    has_failed: Arc<AtomicBool>,
    done: Option<Done>,
}

/// Where the next piece of a month goes.
type Ends = HashMap<Month, Link>;

/// The volumes of one tenant.
pub struct Volumes {
    folder: PathBuf,
    ends: Arc<Mutex<Ends>>,
    jobs: SyncSender<Job>,
}

impl Volumes {
    /// Starts the thread that writes. The folder is made with the first piece.
    pub(crate) fn open(folder: &Path) -> io::Result<Arc<Self>> {
        let (jobs, waiting) = sync_channel(MAX_WAITING);
        let ends = Arc::new(Mutex::new(Ends::new()));
        let writer =
            Writer { folder: folder.to_owned(), ends: Arc::clone(&ends), open: Vec::new() };
        std::thread::Builder::new()
            .name("payload-writer".to_owned())
            .spawn(move || writer.run(&waiting))?;
        Ok(Arc::new(Self { folder: folder.to_owned(), ends, jobs }))
    }

    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of a piece of so many bytes. Nothing else will ever stand there.
    pub(crate) fn reserve(&self, month: Month, bytes: u64) -> io::Result<Link> {
        let mut ends = self.ends();
        let end = match ends.get(&month) {
            Some(end) if end.offset < VOLUME_BYTES => *end,
            Some(end) => start_of(end.volume + 1),
            None => start_of(last_volume(&self.folder.join(month.to_string()))? + 1),
        };
        ends.insert(month, Link { offset: end.offset + bytes, ..end });
        Ok(end)
    }

    /// Hands a piece to the writer.
    pub(crate) fn write(
        &self,
        month: Month,
        at: Link,
        frame: Vec<u8>,
        has_failed: &Arc<AtomicBool>,
        done: Option<Done>,
    ) -> Result<(), KeepError> {
        let job = Job { month, at, frame, has_failed: Arc::clone(has_failed), done };
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => KeepError::Slow,
            TrySendError::Disconnected(_) => KeepError::Closed,
        })
    }

    /// Bytes that stand at a place; fewer where the volume ends.
    pub(crate) fn read(&self, month: Month, at: Link, bytes: usize) -> io::Result<Vec<u8>> {
        let file = File::open(self.folder.join(month.to_string()).join(name(at.volume)))?;
        let mut found = vec![0; bytes];
        let mut read = 0;
        while let Some(rest) = found.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, at.offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        found.truncate(read);
        Ok(found)
    }

    /// The months that have volumes, in order.
    pub fn months(&self) -> io::Result<Vec<Month>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut months = Vec::new();
        for entry in entries {
            months.extend(entry?.file_name().to_str().and_then(|name| name.parse::<Month>().ok()));
        }
        months.sort();
        Ok(months)
    }

    /// Removes a month's volumes, which nothing opens any more. Gives how many bytes that freed.
    pub fn remove(&self, month: Month) -> io::Result<u64> {
        // Nobody takes a place in a volume that is being removed.
        let mut ends = self.ends();
        let folder = self.folder.join(month.to_string());
        let mut bytes = 0;
        for entry in std::fs::read_dir(&folder)? {
            bytes += entry?.metadata()?.len();
        }
        std::fs::remove_dir_all(&folder)?;
        sync_folder(&self.folder)?;
        ends.remove(&month);
        Ok(bytes)
    }
}

fn start_of(volume: u32) -> Link {
    Link { volume, offset: MAGIC.len() as u64 }
}

fn name(volume: u32) -> String {
    format!("{volume:06}{SUFFIX}")
}

/// The highest number of a month's volumes; 0 where there is none.
fn last_volume(folder: &Path) -> io::Result<u32> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut last = 0;
    for entry in entries {
        let entry = entry?.file_name();
        let number = entry.to_str().and_then(|name| name.strip_suffix(SUFFIX));
        last = last.max(number.and_then(|digits| digits.parse().ok()).unwrap_or(0));
    }
    Ok(last)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A volume that is being written to.
struct Open {
    month: Month,
    volume: u32,
    file: File,
    /// Payloads with pieces that were written here and not yet synced.
    unsynced: Vec<Arc<AtomicBool>>,
    is_broken: bool,
}

struct Writer {
    folder: PathBuf,
    ends: Arc<Mutex<Ends>>,
    open: Vec<Open>,
}

impl Writer {
    /// Until nobody is left who could bring a piece.
    fn run(mut self, waiting: &Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            let more = waiting.try_iter().take(MAX_BATCH - 1);
            let batch: Vec<Job> = std::iter::once(first).chain(more).collect();
            self.write(batch);
        }
    }

    fn write(&mut self, batch: Vec<Job>) {
        let mut ended = Vec::new();
        let mut failure = None;
        for job in batch {
            if let Err(error) = self.write_one(&job) {
                job.has_failed.store(true, Ordering::Release);
                failure.get_or_insert(error);
            }
            ended.extend(job.done.map(|done| (done, job.has_failed)));
        }
        if !ended.is_empty()
            && let Err(error) = self.sync()
        {
            failure.get_or_insert(error);
        }
        for (done, has_failed) in ended {
            let result = match has_failed.load(Ordering::Acquire) {
                false => Ok(()),
                true => Err(failure.clone().unwrap_or_else(earlier)),
            };
            // Nobody listens where the caller went away; the piece is kept all the same.
            let _ = done.send(result);
        }
    }

    fn write_one(&mut self, job: &Job) -> Result<(), KeepError> {
        let at = self.place(job.month, job.at.volume)?;
        let Some(open) = self.open.get_mut(at) else { return Err(KeepError::Closed) };
        if open.is_broken {
            return Err(earlier());
        }
        let written = open.file.write_all_at(&job.frame, job.at.offset);
        open.unsynced.push(Arc::clone(&job.has_failed));
        written.map_err(|error| {
            let failed = failed("writing", &name(job.at.volume), &error);
            self.give_up(at);
            failed
        })
    }

    /// Which of the open volumes this is; opens it where it is none of them.
    fn place(&mut self, month: Month, volume: u32) -> Result<usize, KeepError> {
        let is_it = |open: &Open| open.month == month && open.volume == volume;
        if let Some(at) = self.open.iter().position(is_it) {
            return Ok(at);
        }
        if self.open.len() >= MAX_OPEN {
            self.sync()?;
            self.open.remove(0);
        }
        let opened = open_volume(&self.folder, month, volume);
        let file = opened.map_err(|error| failed("opening", &name(volume), &error))?;
        self.open.push(Open { month, volume, file, unsynced: Vec::new(), is_broken: false });
        Ok(self.open.len() - 1)
    }

    /// Syncs whatever is not; the first error is told, and all are marked where they happened.
    fn sync(&mut self) -> Result<(), KeepError> {
        let mut first = Ok(());
        for at in 0..self.open.len() {
            let Some(open) = self.open.get_mut(at).filter(|open| !open.unsynced.is_empty()) else {
                continue;
            };
            match open.file.sync_data() {
                Ok(()) => open.unsynced.clear(),
                Err(error) => {
                    let error = failed("syncing", &name(open.volume), &error);
                    self.give_up(at);
                    first = first.and(Err(error));
                }
            }
        }
        first
    }

    /// Nothing more goes into a volume that failed, and what was not synced is not kept.
    fn give_up(&mut self, at: usize) {
        let Some(open) = self.open.get_mut(at) else { return };
        open.is_broken = true;
        open.unsynced.drain(..).for_each(|payload| payload.store(true, Ordering::Release));
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(end) = ends.get_mut(&open.month).filter(|end| end.volume == open.volume) {
            *end = start_of(open.volume + 1);
        }
    }
}

/// Opens a volume for writing; where it is new its name is on the disk, and its folder's.
fn open_volume(folder: &Path, month: Month, volume: u32) -> io::Result<File> {
    let own = folder.join(month.to_string());
    if !own.is_dir() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&own)?;
        for above in own.ancestors().skip(1).take(3).filter(|above| above.is_dir()) {
            sync_folder(above)?;
        }
    }
    let mut options = std::fs::OpenOptions::new();
    let path = own.join(name(volume));
    match options.write(true).create_new(true).mode(0o600).open(&path) {
        Ok(file) => {
            file.write_all_at(MAGIC, 0)?;
            sync_folder(&own)?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            std::fs::OpenOptions::new().write(true).open(&path)
        }
        Err(error) => Err(error),
    }
}

fn failed(operation: &'static str, file: &str, error: &io::Error) -> KeepError {
    KeepError::Io { operation, file: file.to_owned(), reason: error.to_string() }
}

fn earlier() -> KeepError {
    KeepError::Io {
        operation: "writing",
        file: "an earlier piece".to_owned(),
        reason: "the volume is given up".to_owned(),
    }
}
