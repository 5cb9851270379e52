//! One append, from the caller's side.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use model::MAX_RECORD_BYTES;

use crate::LogError;
use crate::batch::{Batch, Place};
use crate::pool::{Joined, Pool};

enum Stage {
    /// Not yet in the pool: it was full.
    HeldBack(Vec<u8>),
    Waiting {
        batch: Arc<Batch>,
        index: u64,
        place: Option<Place>,
    },
    Done(Result<u64, LogError>),
}

impl From<Joined> for Stage {
    fn from(joined: Joined) -> Self {
        match joined {
            Joined::Waiting(batch, index) => Self::Waiting { batch, index, place: None },
            Joined::Done(index) => Self::Done(Ok(index)),
            Joined::Refused(reason) => Self::Done(Err(reason)),
        }
    }
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
            let joined = pool.join(&record, pool.max_bytes() + reserve, None);
            joined.map_or(Stage::HeldBack(record), Stage::from)
        } else {
            Stage::Done(Err(LogError::RecordSize(record.len())))
        };
        Self { pool: Arc::clone(pool), stage }
    }

    /// Turns "wait for room" into an error.
    pub(crate) fn or_full(mut self) -> Self {
        if let Stage::HeldBack(_) = self.stage {
            self.stage = Stage::Done(Err(LogError::Full(self.pool.max_bytes())));
        }
        self
    }

    /// Whether the log refused the record: it will never be written.
    pub fn is_refused(&self) -> bool {
        matches!(self.stage, Stage::Done(Err(_)))
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
            let limit = this.pool.max_bytes();
            let Some(joined) = this.pool.join(record, limit, Some(context.waker())) else {
                return Poll::Pending;
            };
            this.stage = joined.into();
        }
        match &mut this.stage {
            Stage::Waiting { batch, index, place } => {
                batch.poll(place, context.waker()).map(|result| result.map(|()| *index))
            }
            Stage::Done(result) => Poll::Ready(result.clone()),
            Stage::HeldBack(_) => Poll::Pending,
        }
    }
}
