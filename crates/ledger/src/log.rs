//! The handle of a running log, and the threads behind it.

mod opening;
mod tiling;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use model::Timestamp;
use tokio::sync::{oneshot, watch};

use crate::append::Append;
use crate::dropped::{self, Dropped};
use crate::files::{Disk, Files, SharedFiles};
use crate::note::Checkpoint;
use crate::pool::{Pool, lock};
use crate::read::Cursor;
use crate::recovery::Recovery;
use crate::segment;
use crate::tiler::Tiler;
use crate::{LogError, Options, SigningKey};
use opening::Opening;
use tiling::{Shared, Stop};

/// Whether the log takes records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Running,
    /// A write or a sync failed. Final until the log is opened again, or [`Log::revive`]d.
    Stopped(LogError),
    Closed,
}

type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A running log. Clones share it; the threads end when the last one is dropped or one closes it.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    pool: Arc<Pool>,
    durable: watch::Receiver<u64>,
    shared: Arc<Shared>,
    cursor: Mutex<Cursor>,
    /// The first record that retention left.
    first: Mutex<u64>,
    threads: Mutex<Option<Threads>>,
    again: Again,
}

/// What it takes to start the threads once more.
struct Again {
    files: SharedFiles,
    key: SigningKey,
    options: Options,
    clock: Clock,
    durable: Arc<watch::Sender<u64>>,
}

/// The writer and the tiler.
type Pair = (JoinHandle<()>, JoinHandle<Result<(), LogError>>);

struct Threads {
    running: Option<Pair>,
    _lock: Box<dyn Send + Sync>,
}

impl Log {
    /// Opens the log in a folder, or makes one; blocks while it recovers.
    pub fn open(
        dir: &Path,
        key: SigningKey,
        options: Options,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<(Self, Recovery), LogError> {
        let name = dir.display().to_string();
        std::fs::create_dir_all(dir).map_err(|e| LogError::io("creating folder", &name, &e))?;
        let opened = Self::open_in(Arc::new(Disk::new(dir)), key, options, clock);
        opened.map_err(|error| match error {
            LogError::Locked(_) => LogError::Locked(name),
            other => other,
        })
    }

    /// Opens a log over other file operations than the disk's.
    pub fn open_in(
        files: Arc<dyn Files>,
        key: SigningKey,
        options: Options,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<(Self, Recovery), LogError> {
        let held = files.lock("lock").map_err(|error| LogError::io("locking", "lock", &error))?;
        let held = held.ok_or_else(|| LogError::Locked("lock".to_owned()))?;
        let tiler =
            Tiler::load(Arc::clone(&files), key, &options.origin, options.max_history_bytes)?;
        let opening = Opening { files, tiler, options, clock: Arc::new(clock) };
        opening.run(held)
    }

    /// Appends a record. The future resolves to its index once it is durable; while too much
    /// waits for the disk it waits too. Nothing that was accepted is dropped.
    pub fn append(&self, record: Vec<u8>) -> Append {
        Append::new(&self.0.pool, record, 0)
    }

    /// As [`Log::append`], for those who cannot wait for room: the record is accepted at once, or
    /// refused with [`LogError::Full`] where even the reserve (as much as `max_pending_bytes`
    /// again) is used up. The future may be awaited later, or dropped.
    pub fn append_unwaited(&self, record: Vec<u8>) -> Append {
        Append::new(&self.0.pool, record, self.0.pool.max_bytes()).or_full()
    }

    /// Records that are durable.
    pub fn size(&self) -> u64 {
        *self.0.durable.borrow()
    }

    /// Changes whenever more records are durable.
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.0.durable.clone()
    }

    /// Signs a checkpoint over everything that is durable now, without waiting for the interval.
    pub async fn checkpoint(&self) -> Result<Checkpoint, LogError> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut requests = lock(&self.0.shared.requests);
            if requests.stop.is_some() {
                return Err(self.0.pool.refusal().unwrap_or(LogError::Closed));
            }
            requests.waiters.push(sender);
        }
        self.0.shared.asked.notify_one();
        let gone = |_| self.0.pool.refusal().unwrap_or(LogError::Closed);
        receiver.await.unwrap_or_else(|error| Err(gone(error)))
    }

    /// The last checkpoint.
    pub fn latest_checkpoint(&self) -> Option<Checkpoint> {
        lock(&self.0.shared.published).checkpoint.clone()
    }

    /// Up to `max` durable records from index `from` on; empty at the end. Reading on where the
    /// last read ended is the quick case; who reads on and on has a [`Log::reader`] of its own.
    pub fn read(&self, from: u64, max: usize) -> Result<Vec<Vec<u8>>, LogError> {
        self.read_with(&mut lock(&self.0.cursor), from, max)
    }

    /// Reads the log with a place of its own to read on from.
    pub fn reader(&self) -> LogReader {
        LogReader { log: self.clone(), cursor: Cursor::default() }
    }

    fn read_with(
        &self,
        cursor: &mut Cursor,
        from: u64,
        max: usize,
    ) -> Result<Vec<Vec<u8>>, LogError> {
        let shared = &self.0.shared;
        let known = || {
            let published = lock(&shared.published).clone();
            (published.checkpoint.map_or(0, |checkpoint| checkpoint.size), published.position)
        };
        cursor.read(&shared.files, known, from..self.size(), max, self.first())
    }

    /// The first record that is still there; those before it were dropped.
    pub fn first(&self) -> u64 {
        *lock(&self.0.first)
    }

    /// First records of the segments, in order.
    pub fn segments(&self) -> Result<Vec<u64>, LogError> {
        segment::list(&*self.0.shared.files)
    }

    /// Drops whole segments that hold nothing but records before `wanted`, and their bundles, for
    /// good. Hashes and checkpoints stay, so that the rest verifies, and the log signs a note of it.
    /// Gives the first record that is left. Blocks until it is done.
    pub fn drop_before(&self, wanted: u64) -> Result<u64, LogError> {
        let mut first = lock(&self.0.first);
        let (files, again) = (&self.0.shared.files, &self.0.again);
        let signed = self.latest_checkpoint().map_or(0, |checkpoint| checkpoint.size);
        let Dropped { first: left, .. } =
            dropped::drop_before(files, &again.options.origin, &again.key, wanted, signed)?;
        *first = left;
        Ok(left)
    }

    pub fn health(&self) -> Health {
        match self.0.pool.refusal() {
            None => Health::Running,
            Some(LogError::Closed) => Health::Closed,
            Some(reason) => Health::Stopped(reason),
        }
    }

    /// Takes records again after a failure was mended, without losing or inventing one: all that
    /// was acknowledged is read back, what was refused is cut off. Fails where the disk still does;
    /// then the log stays stopped, and this may be tried again. Blocks until it is done.
    ///
    /// A sync that failed is not tried again: its records were refused, and their bytes are
    /// written over and synced anew.
    pub fn revive(&self) -> Result<(), LogError> {
        self.0.revive()
    }

    /// Writes what was accepted, signs a last checkpoint and notes that the end was in order.
    /// Other handles are refused from now on. Blocks until it is done.
    pub fn close(self) -> Result<(), LogError> {
        self.0.stop(Stop::Close)
    }
}

/// Reads a log in order, beside others who do.
pub struct LogReader {
    log: Log,
    cursor: Cursor,
}

impl LogReader {
    /// As [`Log::read`].
    pub fn read(&mut self, from: u64, max: usize) -> Result<Vec<Vec<u8>>, LogError> {
        self.log.read_with(&mut self.cursor, from, max)
    }
}

impl Inner {
    fn stop(&self, how: Stop) -> Result<(), LogError> {
        let Some(mut threads) = lock(&self.threads).take() else { return Ok(()) };
        self.pool.close();
        let tiled = self.join(&mut threads, how);
        match self.pool.refusal() {
            Some(LogError::Closed) | None => tiled,
            Some(reason) => Err(reason),
        }
    }

    /// Waits until both threads have ended.
    fn join(&self, threads: &mut Threads, how: Stop) -> Result<(), LogError> {
        let Some((writer, tiler)) = threads.running.take() else { return Ok(()) };
        let died = |_| LogError::Closed;
        writer.join().map_err(died)?;
        lock(&self.shared.requests).stop = Some(how);
        self.shared.asked.notify_all();
        tiler.join().map_err(died)?
    }

    fn revive(&self) -> Result<(), LogError> {
        // Held all the time: one at a time, and nobody closes meanwhile.
        let mut held = lock(&self.threads);
        let Some(threads) = held.as_mut() else { return Err(LogError::Closed) };
        match self.pool.refusal() {
            None => return Ok(()),
            Some(LogError::Closed) => return Err(LogError::Closed),
            // Why the threads ended is known; that they have ended is what matters.
            Some(_) => drop(self.join(threads, Stop::Abandon)),
        }
        threads.running = Some(self.start_again()?);
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Whoever wanted to know of an error called close.
        let _ = self.stop(Stop::Abandon);
    }
}
