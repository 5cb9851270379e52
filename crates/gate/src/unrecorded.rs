//! What happens where the log takes no record.
//!
//! A route that fails closed, which is the rule, lets nothing through then. One that its operator
//! declared to fail open lets calls pass; their records wait here, up to a bound, and are written
//! when the log goes on. What is beyond the bound is refused as on any other route.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use ledger::{Append, Log, LogError};
use model::Record;

use crate::books::Books;

/// Records of one tenant that may wait.
const MAX_WAITING: usize = 10_000;

/// Bytes that they may come to.
const MAX_WAITING_BYTES: usize = 32 * 1024 * 1024;

/// Under which a record says that it was written late.
pub const LATE: &str = "recorded_late";

/// What a route does where a part of the gate fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailMode {
    /// Nothing passes.
    #[default]
    Closed,
    /// Calls pass without that part.
    Open,
}

/// Records that wait for the log.
#[derive(Default)]
pub struct Unrecorded {
    waiting: Mutex<Waiting>,
    /// Calls that passed so far while the log took none.
    passed: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    /// With the bytes of each.
    records: Vec<(Record, usize)>,
    bytes: usize,
}

impl Unrecorded {
    /// Whether there was room for it.
    fn keep(&self, record: Record, bytes: usize) -> bool {
        let mut waiting = self.lock();
        let is_full = waiting.records.len() >= MAX_WAITING
            || waiting.bytes.saturating_add(bytes) > MAX_WAITING_BYTES;
        if is_full {
            return false;
        }
        waiting.bytes += bytes;
        waiting.records.push((record, bytes));
        self.passed.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Hands over what waits, oldest first, to be written now.
    pub fn take(&self) -> Vec<(Record, usize)> {
        std::mem::take(&mut *self.lock()).records
    }

    /// Takes back what could not be written after all, before what came meanwhile.
    pub fn put_back(&self, mut records: Vec<(Record, usize)>) {
        let mut waiting = self.lock();
        waiting.bytes += records.iter().map(|(_, bytes)| bytes).sum::<usize>();
        records.append(&mut waiting.records);
        waiting.records = records;
    }

    pub fn waiting(&self) -> usize {
        self.lock().records.len()
    }

    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A record on its way into the log.
#[must_use]
pub struct Writing {
    append: Append,
    /// Where the record waits if the log does not take it; on a route that fails open.
    spare: Option<(Arc<Books>, Box<Record>)>,
}

impl Writing {
    pub(crate) fn new(log: &Log, books: &Arc<Books>, record: &Record, mode: FailMode) -> Self {
        let append = crate::action::append(log, record);
        let spare = (mode == FailMode::Open).then(|| (books.clone(), Box::new(record.clone())));
        Self { append, spare }
    }

    /// That an action has begun: where the log does not take that, its end says it all.
    pub(crate) fn of_beginning(append: Append, mode: FailMode) -> Beginning {
        Beginning { append, mode }
    }

    /// As [`Append::is_accepted`].
    pub(crate) fn is_accepted(&self) -> bool {
        self.append.is_accepted()
    }

    fn spare(&mut self) -> bool {
        let Some((books, mut record)) = self.spare.take() else { return false };
        record.detail.insert(LATE.into(), "the log could not be written when it happened".into());
        let bytes = record.encode().map_or(0, |bytes| bytes.len());
        books.unrecorded.keep(*record, bytes)
    }
}

impl Future for Writing {
    type Output = Result<(), LogError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let written = ready!(Pin::new(&mut self.append).poll(cx));
        Poll::Ready(match written {
            Ok(_) => {
                self.spare = None;
                Ok(())
            }
            Err(_) if self.spare() => Ok(()),
            Err(error) => Err(error),
        })
    }
}

impl Drop for Writing {
    /// Nobody waits for it any more; what the log refused must not be lost all the same.
    fn drop(&mut self) {
        if self.spare.is_some() && self.append.is_refused() {
            self.spare();
        }
    }
}

/// The record of a beginning on its way into the log.
#[must_use]
pub struct Beginning {
    append: Append,
    mode: FailMode,
}

impl Future for Beginning {
    type Output = Result<(), LogError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let written = ready!(Pin::new(&mut self.append).poll(cx));
        Poll::Ready(match (written, self.mode) {
            (Ok(_), _) | (Err(_), FailMode::Open) => Ok(()),
            (Err(error), FailMode::Closed) => Err(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use model::{Decision, Kind, RecordId, TenantId, Timestamp};

    use super::*;

    fn record(number: u128) -> Record {
        let at = Timestamp::from_micros(1);
        let id = RecordId::new(at, number);
        Record::new(id, at, TenantId::main(), Kind::MCP_CALL_TOOL, Decision::default())
    }

    #[test]
    fn what_waits_is_bounded_and_stays_in_order() {
        let unrecorded = Unrecorded::default();
        assert!(unrecorded.keep(record(1), 10) && unrecorded.keep(record(2), 10));
        assert!(!unrecorded.keep(record(3), MAX_WAITING_BYTES));
        let taken = unrecorded.take();
        assert!(unrecorded.keep(record(4), 10));
        unrecorded.put_back(taken);
        let ids: Vec<RecordId> = unrecorded.take().iter().map(|(record, _)| record.id).collect();
        assert_eq!(ids, [1, 2, 4].map(|number| record(number).id));
        assert_eq!((unrecorded.waiting(), unrecorded.passed()), (0, 3));
        assert!((0..MAX_WAITING).all(|number| unrecorded.keep(record(number as u128), 1)));
        assert!(!unrecorded.keep(record(0), 1));
    }
}
