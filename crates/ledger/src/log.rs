//! The handle of a running log, and the threads behind it.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use model::Timestamp;
use tokio::sync::{oneshot, watch};

use crate::append::Append;
use crate::dropped::{self, Dropped};
use crate::files::{Disk, Files, SharedFiles, create_folders};
use crate::note::Checkpoint;
use crate::pool::{Pool, lock};
use crate::read::Cursor;
use crate::recovery::{self, Recovery};
use crate::segment::{self, Position};
use crate::state::State;
use crate::tiler::Tiler;
use crate::writer::{Segment, Writer, prepare_next};
use crate::{Durability, LogError, Options, SigningKey};

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

/// What the tiler's thread shares with the handles.
struct Shared {
    files: SharedFiles,
    requests: Mutex<Requests>,
    asked: Condvar,
    published: Mutex<Published>,
}

#[derive(Clone)]
struct Published {
    checkpoint: Option<Checkpoint>,
    position: Position,
}

#[derive(Default)]
struct Requests {
    waiters: Vec<oneshot::Sender<Result<Checkpoint, LogError>>>,
    stop: Option<Stop>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// With a final checkpoint, and the note that the end was in order.
    Close,
    /// The last handle is gone.
    Abandon,
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
    /// last read ended is the quick case.
    pub fn read(&self, from: u64, max: usize) -> Result<Vec<Vec<u8>>, LogError> {
        let shared = &self.0.shared;
        let size = self.size();
        let mut cursor = lock(&self.0.cursor);
        let known = || {
            let published = lock(&shared.published).clone();
            (published.checkpoint.map_or(0, |checkpoint| checkpoint.size), published.position)
        };
        cursor.read(&shared.files, known, from..size, max, self.first())
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
}

impl Inner {
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

    fn start_again(&self) -> Result<Pair, LogError> {
        let Again { files, key, options, clock, durable } = &self.again;
        let key = key.again().ok_or(LogError::Closed)?;
        let tiler =
            Tiler::load(Arc::clone(files), key, &options.origin, options.max_history_bytes)?;
        let mut opening = Opening {
            files: Arc::clone(files),
            tiler,
            options: options.clone(),
            clock: Arc::clone(clock),
        };
        // With interval durability the records were answered before, so they are kept if they can be.
        let is_answered = options.durability == Durability::BeforeAnswer;
        let limit = if is_answered { self.pool.durable() } else { u64::MAX };
        let (recovery, end) = opening.recover(limit)?;
        opening.tiler.advance(recovery.size)?;
        opening.tiler.save_state((opening.clock)(), false)?;
        let writer = opening.writer(&self.pool, Arc::clone(durable), end)?;
        *lock(&self.shared.published) = opening.published();
        lock(&self.shared.requests).stop = None;
        let tiling = opening.tiling(&self.shared, &self.pool, &self.durable);
        durable.send_replace(recovery.size);
        self.pool.restart(recovery.size);
        Ok((
            spawn("ledger-writer", move || writer.run())?,
            spawn("ledger-tiles", move || tiling.run())?,
        ))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Whoever wanted to know of an error called close.
        let _ = self.stop(Stop::Abandon);
    }
}

/// A log on its way to running.
struct Opening {
    files: SharedFiles,
    tiler: Tiler,
    options: Options,
    clock: Clock,
}

impl Opening {
    fn run(mut self, held: Box<dyn Send + Sync>) -> Result<(Log, Recovery), LogError> {
        let dropped = self.tiler.dropped()?;
        dropped::sweep(&*self.files, dropped)?;
        let (recovery, end) = self.recover(u64::MAX)?;
        let now = (self.clock)();
        self.tiler.advance(recovery.size)?;
        self.tiler.save_state(now, false)?;
        let pool = Arc::new(Pool::new(
            recovery.size,
            self.options.max_pending_bytes,
            self.options.durability == Durability::BeforeAnswer,
        ));
        let (durable, receiver) = watch::channel(recovery.size);
        let published = self.published();
        let shared = Arc::new(Shared {
            files: Arc::clone(&self.files),
            requests: Mutex::default(),
            asked: Condvar::new(),
            published: Mutex::new(published),
        });
        let durable = Arc::new(durable);
        let writer = self.writer(&pool, Arc::clone(&durable), end)?;
        let again = Again {
            files: Arc::clone(&self.files),
            key: self.tiler.key_again().ok_or(LogError::Closed)?,
            options: self.options.clone(),
            clock: Arc::clone(&self.clock),
            durable,
        };
        let tiling = self.tiling(&shared, &pool, &receiver);
        let running = (
            spawn("ledger-writer", move || writer.run())?,
            spawn("ledger-tiles", move || tiling.run())?,
        );
        let threads = Threads { running: Some(running), _lock: held };
        let inner = Inner {
            pool,
            durable: receiver,
            shared,
            cursor: Mutex::default(),
            first: Mutex::new(dropped.first),
            threads: Mutex::new(Some(threads)),
            again,
        };
        Ok((Log(Arc::new(inner)), recovery))
    }

    fn published(&self) -> Published {
        Published { checkpoint: self.tiler.checkpoint().cloned(), position: self.tiler.position() }
    }

    fn tiling(
        self,
        shared: &Arc<Shared>,
        pool: &Arc<Pool>,
        durable: &watch::Receiver<u64>,
    ) -> Tiling {
        Tiling {
            tiler: self.tiler,
            clock: self.clock,
            every: self.options.checkpoint_every,
            shared: Arc::clone(shared),
            pool: Arc::clone(pool),
            durable: durable.clone(),
        }
    }

    fn recover(&mut self, limit: u64) -> Result<(Recovery, Position), LogError> {
        create_folders(&*self.files, segment::FOLDER)?;
        let signed = self.tiler.signed_size();
        let state = State::load(&*self.files)?;
        let is_new = signed == 0 && segment::list(&*self.files)?.is_empty();
        if is_new {
            let bytes = self.options.segment_bytes;
            let file = segment::prepare(&*self.files, segment::NEXT, bytes)?;
            segment::begin(&*self.files, &*file, segment::NEXT, 0)?;
        }
        let start = recovery::start(&*self.files, state.as_ref(), signed)?;
        let tail = recovery::recover(&self.files, start, signed, limit)?;
        let rebuilt_tiles = !self.tiler.resume(start)?;
        let last = state.map_or(Timestamp::default(), |state| Timestamp::from_micros(state.time));
        let is_closed = state.is_some_and(|state| state.is_closed && state.size == tail.size);
        let recovery = Recovery {
            size: tail.size,
            truncated_bytes: tail.truncated_bytes,
            is_clean: is_new || (is_closed && tail.truncated_bytes == 0),
            is_new,
            rescanned: tail.size - signed,
            rebuilt_tiles,
            clock_went_back: last.since((self.clock)()),
        };
        Ok((recovery, tail.end))
    }

    fn writer(
        &self,
        pool: &Arc<Pool>,
        durable: Arc<watch::Sender<u64>>,
        position: Position,
    ) -> Result<Writer, LogError> {
        Ok(Writer {
            files: Arc::clone(&self.files),
            pool: Arc::clone(pool),
            durable,
            segment: Segment::open(&self.files, position.segment, self.options.durability)?,
            position,
            segment_bytes: self.options.segment_bytes,
            durability: self.options.durability,
            next: prepare_next(&self.files, self.options.segment_bytes),
            unsynced: None,
        })
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, LogError> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map_err(|error| LogError::io("starting thread", name, &error))
}

/// The tiler's thread.
struct Tiling {
    tiler: Tiler,
    clock: Clock,
    every: Duration,
    shared: Arc<Shared>,
    pool: Arc<Pool>,
    durable: watch::Receiver<u64>,
}

impl Tiling {
    fn run(mut self) -> Result<(), LogError> {
        loop {
            let (waiters, stop) = self.wait();
            let result = match stop {
                Some(Stop::Abandon) => return Ok(()),
                Some(Stop::Close) if self.has_failed() => return Ok(()),
                stop => self.advance(stop == Some(Stop::Close)),
            };
            if let Err(error) = &result {
                // A log that cannot be proved takes no more records (fail closed).
                self.pool.refuse(&error.clone().stopping(), None);
            }
            for waiter in waiters {
                let _ = waiter.send(result.clone());
            }
            if result.is_err() {
                // Nobody is here any more to answer who asks for a checkpoint.
                let mut requests = lock(&self.shared.requests);
                requests.stop = Some(Stop::Abandon);
                requests.waiters.clear();
            }
            if stop.is_some() || result.is_err() {
                return result.map(drop);
            }
        }
    }

    fn has_failed(&self) -> bool {
        !matches!(self.pool.refusal(), None | Some(LogError::Closed))
    }

    fn wait(&self) -> (Vec<oneshot::Sender<Result<Checkpoint, LogError>>>, Option<Stop>) {
        let until = Instant::now() + self.every;
        let mut requests = lock(&self.shared.requests);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if !requests.waiters.is_empty() || requests.stop.is_some() || left.is_zero() {
                return (std::mem::take(&mut requests.waiters), requests.stop);
            }
            let waited = self.shared.asked.wait_timeout(requests, left);
            requests = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn advance(&mut self, is_closing: bool) -> Result<Checkpoint, LogError> {
        let before = self.tiler.signed_size();
        let durable = *self.durable.borrow();
        self.tiler.advance(durable)?;
        if is_closing || self.tiler.signed_size() != before {
            self.tiler.save_state((self.clock)(), is_closing)?;
        }
        let checkpoint = self.tiler.checkpoint().cloned();
        let published =
            Published { checkpoint: checkpoint.clone(), position: self.tiler.position() };
        *lock(&self.shared.published) = published;
        checkpoint.ok_or(LogError::Closed)
    }
}
