//! Group commit: appends join the open pool; the writer swaps it for an empty one, writes it,
//! syncs once, and releases everyone who waits for it.
//!
//! An append costs one short lock, one copy and one checksum. There is no timer: while the
//! writer is in a sync the next pool fills by itself, and a lone append is written at once.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use model::MAX_RECORD_BYTES;

use crate::{LogError, frame};

/// A lock that was poisoned still holds what it held: no code here panics while it changes it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the appends of one pool share: the outcome, and who waits for it.
#[derive(Default)]
struct Batch(Mutex<Outcome>);

#[derive(Default)]
struct Outcome {
    result: Option<Result<(), LogError>>,
    waiters: Vec<Waker>,
}

impl Batch {
    fn finish(&self, result: Result<(), LogError>) {
        let waiters = {
            let mut outcome = lock(&self.0);
            outcome.result = Some(result);
            std::mem::take(&mut outcome.waiters)
        };
        waiters.into_iter().for_each(Waker::wake);
    }

    /// `slot` is where this waiter's waker stands, so that polling twice registers once.
    fn poll(&self, slot: &mut Option<usize>, waker: &Waker) -> Poll<Result<(), LogError>> {
        let mut outcome = lock(&self.0);
        if let Some(result) = &outcome.result {
            return Poll::Ready(result.clone());
        }
        match slot.and_then(|at| outcome.waiters.get_mut(at)) {
            Some(registered) => registered.clone_from(waker),
            None => {
                *slot = Some(outcome.waiters.len());
                outcome.waiters.push(waker.clone());
            }
        }
        Poll::Pending
    }
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
            in_flight: 0,
            durable: size,
            held_back: Vec::new(),
            is_writer_idle: false,
            is_stopping: false,
            refusal: None,
        };
        Self { state: Mutex::new(state), work: Condvar::new(), max_bytes, is_waited_for }
    }

    /// Puts a record into the open pool if it may; `None` where there is no room below `limit`.
    fn join(&self, state: &mut State, record: &[u8], limit: usize) -> Option<Stage> {
        if let Some(refusal) = &state.refusal {
            return Some(Stage::Done(Err(refusal.clone())));
        }
        let pending = state.bytes.len() + state.in_flight;
        if pending > 0 && pending + frame::HEADER + record.len() > limit {
            return None;
        }
        let index = state.first + state.count;
        frame::encode(&mut state.bytes, index, state.durable, record);
        state.count += 1;
        if state.is_writer_idle {
            state.is_writer_idle = false;
            self.work.notify_one();
        }
        if self.is_waited_for {
            Some(Stage::Waiting { batch: Arc::clone(&state.batch), index, slot: None })
        } else {
            Some(Stage::Done(Ok(index)))
        }
    }

    /// The next task of the writer, which hands back the buffer of the last one.
    pub(crate) fn take(&self, mut buffer: Vec<u8>, deadline: Option<Instant>) -> Task {
        buffer.clear();
        let mut state = lock(&self.state);
        loop {
            if state.count > 0 {
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
    fn swap(&mut self, buffer: Vec<u8>) -> Work {
        let bytes = std::mem::replace(&mut self.bytes, buffer);
        let (first, count) = (self.first, self.count);
        self.in_flight = bytes.len();
        self.first += count;
        self.count = 0;
        Work { bytes, first, count, batch: std::mem::take(&mut self.batch) }
    }
}

enum Stage {
    /// Not yet in the pool: it was full.
    HeldBack(Vec<u8>),
    Waiting {
        batch: Arc<Batch>,
        index: u64,
        slot: Option<usize>,
    },
    Done(Result<u64, LogError>),
}

/// One append: resolves to the record's index once it is durable.
///
/// Once the record is in the pool it will be written, whether this is polled or dropped. Only
/// where the pool was full does it wait to be polled; `is_accepted` tells.
#[must_use = "an append that found the log busy is only written if it is awaited"]
pub struct Append {
    pool: Arc<Pool>,
    stage: Stage,
}

impl Append {
    /// `limit` is how many bytes may wait with this record.
    pub(crate) fn new(pool: &Arc<Pool>, record: Vec<u8>, reserve: usize) -> Self {
        let fits = (1..=MAX_RECORD_BYTES).contains(&record.len());
        let stage = if fits {
            let joined = pool.join(&mut lock(&pool.state), &record, pool.max_bytes + reserve);
            joined.unwrap_or(Stage::HeldBack(record))
        } else {
            Stage::Done(Err(LogError::RecordSize(record.len())))
        };
        Self { pool: Arc::clone(pool), stage }
    }

    /// Turns "wait for room" into an error.
    pub(crate) fn or_full(mut self) -> Self {
        if let Stage::HeldBack(_) = self.stage {
            self.stage = Stage::Done(Err(LogError::Full(self.pool.max_bytes)));
        }
        self
    }

    /// Whether the record is in the pool or beyond, or refused: nothing is left to await but
    /// the outcome.
    pub fn is_accepted(&self) -> bool {
        !matches!(self.stage, Stage::HeldBack(_))
    }
}

impl Future for Append {
    type Output = Result<u64, LogError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Stage::HeldBack(record) = &this.stage {
            let mut state = lock(&this.pool.state);
            match this.pool.join(&mut state, record, this.pool.max_bytes) {
                Some(stage) => {
                    drop(state);
                    this.stage = stage;
                }
                None => {
                    state.held_back.push(context.waker().clone());
                    return Poll::Pending;
                }
            }
        }
        match &mut this.stage {
            Stage::Waiting { batch, index, slot } => {
                batch.poll(slot, context.waker()).map(|result| result.map(|()| *index))
            }
            Stage::Done(result) => Poll::Ready(result.clone()),
            Stage::HeldBack(_) => Poll::Pending,
        }
    }
}
