//! The tiler's thread: advances the tiles now and then, on demand, and at the end.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::Clock;
use crate::LogError;
use crate::files::SharedFiles;
use crate::note::Checkpoint;
use crate::pool::{Pool, lock};
use crate::segment::Position;
use crate::tiler::Tiler;

/// What the tiler's thread shares with the handles.
pub(super) struct Shared {
    pub(super) files: SharedFiles,
    pub(super) requests: Mutex<Requests>,
    pub(super) asked: Condvar,
    pub(super) published: Mutex<Published>,
}

#[derive(Clone)]
pub(super) struct Published {
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) position: Position,
}

#[derive(Default)]
pub(super) struct Requests {
    pub(super) waiters: Vec<oneshot::Sender<Result<Checkpoint, LogError>>>,
    pub(super) stop: Option<Stop>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// With a final checkpoint, and the note that the end was in order.
    Close,
    /// The last handle is gone.
    Abandon,
}

/// The tiler's thread.
pub(super) struct Tiling {
    pub(super) tiler: Tiler,
    pub(super) clock: Clock,
    pub(super) every: Duration,
    pub(super) shared: Arc<Shared>,
    pub(super) pool: Arc<Pool>,
    pub(super) durable: watch::Receiver<u64>,
}

impl Tiling {
    pub(super) fn run(mut self) -> Result<(), LogError> {
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
