//! From files to a running log: recovery, then the threads; at the start, and after a failure.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use model::Timestamp;
use tokio::sync::watch;

use super::tiling::{Published, Shared, Tiling};
use super::{Again, Clock, Inner, Log, Pair, Threads};
use crate::dropped;
use crate::files::{SharedFiles, create_folders};
use crate::pool::{Pool, lock};
use crate::recovery::{self, Recovery};
use crate::segment::{self, Position};
use crate::state::State;
use crate::tiler::Tiler;
use crate::writer::{Segment, Writer, prepare_next};
use crate::{Durability, LogError, Options};

/// A log on its way to running.
pub(super) struct Opening {
    pub(super) files: SharedFiles,
    pub(super) tiler: Tiler,
    pub(super) options: Options,
    pub(super) clock: Clock,
}

impl Opening {
    pub(super) fn run(mut self, held: Box<dyn Send + Sync>) -> Result<(Log, Recovery), LogError> {
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

impl Inner {
    /// Starts the threads once more, over what the files hold now.
    pub(super) fn start_again(&self) -> Result<Pair, LogError> {
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

fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, LogError> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(run);
    spawned.map_err(|error| LogError::io("starting thread", name, &error))
}
