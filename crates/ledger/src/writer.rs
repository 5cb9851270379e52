//! The one thread that writes segments.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::files::{File, SharedFiles, write_all};
use crate::pool::{Pool, Task, Work};
use crate::segment::{self, Position};
use crate::{Durability, LogError};

pub(crate) struct Writer {
    pub(crate) files: SharedFiles,
    pub(crate) pool: Arc<Pool>,
    pub(crate) durable: Arc<watch::Sender<u64>>,
    pub(crate) segment: Segment,
    pub(crate) position: Position,
    pub(crate) segment_bytes: u64,
    pub(crate) durability: Durability,
    /// Filled with zeros by a thread of its own, so that no batch waits for that.
    pub(crate) next: Option<JoinHandle<Result<Box<dyn File>, LogError>>>,
    /// Written and not yet synced: up to this record, since then.
    pub(crate) unsynced: Option<(u64, Instant)>,
}

impl Writer {
    /// Runs until the pool is closed and empty, or until something fails.
    pub(crate) fn run(mut self) {
        self.write_all();
        if let Some(thread) = self.next.take() {
            // It must not write any more once the folder's lock is given back.
            let _ = thread.join();
        }
    }

    fn write_all(&mut self) {
        let mut buffer = Vec::new();
        loop {
            let deadline =
                self.unsynced.zip(self.interval()).map(|((_, since), every)| since + every);
            buffer = match self.pool.take(buffer, deadline) {
                Task::Write(work) => match self.write(&work) {
                    Ok(()) => work.bytes,
                    Err(error) => return self.pool.refuse(&error.stopping(), Some(&work)),
                },
                Task::Deadline => match self.sync_written() {
                    Ok(()) => Vec::new(),
                    Err(error) => return self.pool.refuse(&error.stopping(), None),
                },
                Task::Stop => break,
            };
        }
        if let Err(error) = self.sync_written() {
            self.pool.refuse(&error.stopping(), None);
        }
    }

    fn interval(&self) -> Option<Duration> {
        match self.durability {
            Durability::BeforeAnswer => None,
            Durability::Interval(every) => Some(every),
        }
    }

    fn write(&mut self, work: &Work) -> Result<(), LogError> {
        self.make_room(work)?;
        write_all(&*self.segment.file, &work.bytes, self.position.offset)
            .map_err(|error| self.failed("writing", &error))?;
        self.position.offset += work.bytes.len() as u64;
        match self.interval() {
            None => {
                if !self.segment.is_synced {
                    self.segment.file.sync().map_err(|error| self.failed("syncing", &error))?;
                }
                // First the size, then those who wait: whoever was answered finds it counted.
                self.durable.send_replace(work.end());
                self.pool.finish(work, work.end());
            }
            Some(every) => {
                let since = self.unsynced.map_or_else(Instant::now, |(_, since)| since);
                self.unsynced = Some((work.end(), since));
                if since.elapsed() >= every {
                    self.sync_written()?;
                }
                self.pool.finish(work, self.pool.durable());
            }
        }
        Ok(())
    }

    /// Goes to a new segment where the batch does not fit the rest of this one.
    fn make_room(&mut self, work: &Work) -> Result<(), LogError> {
        let end = self.position.offset + work.bytes.len() as u64;
        if end <= self.segment_bytes || work.first == self.position.segment {
            return Ok(());
        }
        // What the old segment holds is synced before the new one may be found.
        self.sync_written()?;
        let prepared = self.next.take_if(|thread| thread.is_finished());
        let prepared = prepared.and_then(|thread| thread.join().ok()).and_then(Result::ok);
        let (name, file) = match prepared {
            Some(file) => (segment::NEXT, file),
            // Not ready: a file that grows costs more per sync, but waiting costs now. It has
            // another name, because the other one may still be written to.
            None => (segment::GROWING, segment::prepare(&*self.files, segment::GROWING, 0)?),
        };
        segment::begin(&*self.files, &*file, name, work.first)?;
        drop(file);
        self.segment = Segment::open(&self.files, work.first, self.durability)?;
        self.position = Position::start_of(work.first);
        if self.next.is_none() {
            self.next = prepare_next(&self.files, self.segment_bytes);
        }
        Ok(())
    }

    fn sync_written(&mut self) -> Result<(), LogError> {
        if let Some((end, _)) = self.unsynced.take() {
            self.segment.file.sync().map_err(|error| self.failed("syncing", &error))?;
            self.pool.set_durable(end);
            self.durable.send_replace(end);
        }
        Ok(())
    }

    fn failed(&self, operation: &'static str, error: &std::io::Error) -> LogError {
        LogError::io(operation, &segment::path(self.position.segment), error)
    }
}

/// The segment that is written to.
pub(crate) struct Segment {
    file: Box<dyn File>,
    /// Its writes are durable when they return.
    is_synced: bool,
}

impl Segment {
    pub(crate) fn open(
        files: &SharedFiles,
        first: u64,
        durability: Durability,
    ) -> Result<Self, LogError> {
        let path = segment::path(first);
        let open = || {
            let synced = match durability {
                Durability::BeforeAnswer => files.create_synced(&path)?,
                Durability::Interval(_) => None,
            };
            match synced {
                Some(file) => Ok(Self { file, is_synced: true }),
                None => Ok(Self { file: files.create(&path)?, is_synced: false }),
            }
        };
        open().map_err(|error| LogError::io("opening", &path, &error))
    }
}

/// Starts filling the next segment with zeros. Without it the log works, only slower.
pub(crate) fn prepare_next(
    files: &SharedFiles,
    bytes: u64,
) -> Option<JoinHandle<Result<Box<dyn File>, LogError>>> {
    let files = Arc::clone(files);
    let builder = thread::Builder::new().name("ledger-zeros".to_owned());
    builder.spawn(move || segment::prepare(&*files, segment::NEXT, bytes)).ok()
}
