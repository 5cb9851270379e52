//! Group commit: appends join the open pool; the writer swaps it for an empty one, writes it,
//! syncs once, and releases everyone who waits for it.
//!
//! An append costs one short lock, one copy and one checksum. There is no timer: while the
//! writer is in a sync the next pool fills by itself, and a lone append is written at once. The
//! writer takes the pool when it is called: by each append, or by an event loop for all that its
//! tasks appended in one turn (see [`crate::turn`]).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::batch::Batch;
use crate::turn::Turn;
use crate::{LogError, frame};

/// With as many bytes in the pool the writer is called, whatever turn of a loop is under way.
const CALL_AT_BYTES: usize = 64 << 10;

/// The same where the pool's first record waits this long: the turns of a busy loop are long, and it may
/// have many of them before it rests.
pub(crate) const CALL_AFTER: Duration = Duration::from_millis(1);

/// A lock that was poisoned still holds what it held: no code here panics while it changes it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frames that are taken from the pool, to be written in one go.
pub(crate) struct Work {
    pub(crate) bytes: Vec<u8>,
    pub(crate) first: u64,
    pub(crate) count: u64,
    batch: Arc<Batch>,
}

impl Work {
    pub(crate) fn end(&self) -> u64 {
        self.first + self.count
    }
}

/// What the writer is to do now.
pub(crate) enum Task {
    Write(Work),
    /// The deadline has come and nothing waits.
    Deadline,
    Stop,
}

struct State {
    bytes: Vec<u8>,
    first: u64,
    count: u64,
    batch: Arc<Batch>,
    /// The writer is to take the pool.
    is_called: bool,
    /// When the first of the records came that nobody has called for.
    uncalled_since: Option<Instant>,
    /// Taken by the writer and not yet durable.
    in_flight: usize,
    durable: u64,
    /// Appends that found the pool full.
    held_back: Vec<Waker>,
    is_writer_idle: bool,
    is_stopping: bool,
    /// Why nothing is accepted any more.
    refusal: Option<LogError>,
}

/// The pool and everything that its one lock guards.
pub(crate) struct Pool {
    state: Mutex<State>,
    work: Condvar,
    max_bytes: usize,
    /// With interval durability an append is done as soon as it is in the pool.
    is_waited_for: bool,
}

impl Pool {
    pub(crate) fn new(size: u64, max_bytes: usize, is_waited_for: bool) -> Self {
        let state = State {
            bytes: Vec::new(),
            first: size,
            count: 0,
            batch: Arc::default(),
            is_called: false,
            uncalled_since: None,
            in_flight: 0,
            durable: size,
            held_back: Vec::new(),
            is_writer_idle: false,
            is_stopping: false,
            refusal: None,
        };
        Self { state: Mutex::new(state), work: Condvar::new(), max_bytes, is_waited_for }
    }

    /// Puts a record into the open pool and sees to it that the writer is called; `None` where
    /// there is no room below `limit`: then `waker` is woken when there may be.
    pub(crate) fn join(
        self: &Arc<Self>,
        record: &[u8],
        limit: usize,
        waker: Option<&Waker>,
    ) -> Option<Joined> {
        let turn = Turn::of_this_thread();
        let mut state = lock(&self.state);
        if let Some(refusal) = &state.refusal {
            return Some(Joined::Refused(refusal.clone()));
        }
        let pending = state.bytes.len() + state.in_flight;
        if pending > 0 && pending + frame::HEADER + record.len() > limit {
            state.held_back.extend(waker.cloned());
            self.call_with(state);
            return None;
        }
        let index = state.first + state.count;
        let durable = state.durable;
        frame::encode(&mut state.bytes, index, durable, record);
        state.count += 1;
        let batch = self.is_waited_for.then(|| Arc::clone(&state.batch));
        match turn {
            _ if state.is_called => {}
            Some(turn) if !state.is_call_due() => {
                drop(state);
                if !turn.call_later(self) {
                    self.call();
                }
            }
            _ => self.call_with(state),
        }
        Some(batch.map_or(Joined::Done(index), |batch| Joined::Waiting(batch, index)))
    }

    /// Has the writer take what is in the pool.
    pub(crate) fn call(&self) {
        self.call_with(lock(&self.state));
    }

    fn call_with(&self, mut state: MutexGuard<'_, State>) {
        state.is_called |= state.count > 0;
        let wakes = state.is_called && std::mem::take(&mut state.is_writer_idle);
        // Not before: it would wake only to wait for the lock.
        drop(state);
        if wakes {
            self.work.notify_one();
        }
    }

    /// The next task of the writer, which hands back the buffer of the last one.
    pub(crate) fn take(&self, mut buffer: Vec<u8>, deadline: Option<Instant>) -> Task {
        buffer.clear();
        let mut state = lock(&self.state);
        loop {
            if state.count > 0 && (state.is_called || state.is_stopping) {
                state.is_writer_idle = false;
                return Task::Write(state.swap(buffer));
            }
            if state.is_stopping {
                return Task::Stop;
            }
            state.is_writer_idle = true;
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => return Task::Deadline,
                Some(left) => {
                    let waited = self.work.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Releases those who wait for the work. `durable` is what is known to be on the disk.
    pub(crate) fn finish(&self, work: &Work, durable: u64) {
        let held_back = {
            let mut state = lock(&self.state);
            state.in_flight = 0;
            state.durable = durable;
            std::mem::take(&mut state.held_back)
        };
        work.batch.finish(Ok(()));
        held_back.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn set_durable(&self, durable: u64) {
        lock(&self.state).durable = durable;
    }

    /// Refuses everything from now on, also what waits. The first reason stays.
    pub(crate) fn refuse(&self, reason: &LogError, work: Option<&Work>) {
        let (batch, held_back) = {
            let mut state = lock(&self.state);
            state.refusal.get_or_insert_with(|| reason.clone());
            state.is_stopping = true;
            state.count = 0;
            state.bytes.clear();
            (std::mem::take(&mut state.batch), std::mem::take(&mut state.held_back))
        };
        if let Some(work) = work {
            work.batch.finish(Err(reason.clone()));
        }
        batch.finish(Err(reason.clone()));
        held_back.into_iter().for_each(Waker::wake);
        self.work.notify_all();
    }

    /// Accepts again after a failure was mended; the log ends at `size`. What waited was refused.
    pub(crate) fn restart(&self, size: u64) {
        let mut state = lock(&self.state);
        state.bytes.clear();
        (state.first, state.count, state.durable, state.in_flight) = (size, 0, size, 0);
        (state.is_called, state.uncalled_since, state.is_writer_idle) = (false, None, false);
        (state.is_stopping, state.refusal) = (false, None);
    }

    /// Accepts nothing more; what was accepted is still written.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.refusal.get_or_insert(LogError::Closed);
        state.is_stopping = true;
        let held_back = std::mem::take(&mut state.held_back);
        drop(state);
        self.work.notify_all();
        held_back.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    pub(crate) fn refusal(&self) -> Option<LogError> {
        lock(&self.state).refusal.clone()
    }

    pub(crate) fn durable(&self) -> u64 {
        lock(&self.state).durable
    }
}

impl State {
    /// Whether the records in the pool should not wait for the end of a turn.
    fn is_call_due(&mut self) -> bool {
        let now = Instant::now();
        let since = *self.uncalled_since.get_or_insert(now);
        self.bytes.len() >= CALL_AT_BYTES || now.duration_since(since) >= CALL_AFTER
    }

    fn swap(&mut self, buffer: Vec<u8>) -> Work {
        let bytes = std::mem::replace(&mut self.bytes, buffer);
        let (first, count) = (self.first, self.count);
        self.in_flight = bytes.len();
        self.first += count;
        self.count = 0;
        self.is_called = false;
        self.uncalled_since = None;
        Work { bytes, first, count, batch: std::mem::take(&mut self.batch) }
    }
}

/// What became of a record that there was room for.
pub(crate) enum Joined {
    Waiting(Arc<Batch>, u64),
    Done(u64),
    Refused(LogError),
}
