//! A payload as it passes: cut into pieces, sealed, and on its way to the disk.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::frame::{HEADER, Header, LAST, Link, PIECE, Pieces, TRUNCATED};
use crate::seal::{TAG_BYTES, random_id};
use crate::volume::{Done, Volumes};
use crate::{DataKey, KeepError, Place, Reference};

/// The longest name of a content coding that is kept with a payload.
pub(crate) const MAX_CODING: usize = 64;

/// One payload that is being kept.
pub struct Sink {
    volumes: Arc<Volumes>,
    pieces: Pieces,
    header: Header,
    month: model::Month,
    buffer: Zeroizing<Vec<u8>>,
    /// Bytes that are still kept.
    left: u64,
    is_truncated: bool,
    has_failed: Arc<AtomicBool>,
    failure: Option<KeepError>,
}

impl Sink {
    pub(crate) fn begin(
        volumes: &Arc<Volumes>,
        key: &DataKey,
        place: Place,
        coding: &str,
        max_bytes: u64,
    ) -> Result<Self, KeepError> {
        let no_key = || KeepError::Key("the system gives no random numbers".to_owned());
        let salt = random_id().ok_or_else(no_key)?;
        let coding = model::clip(coding, MAX_CODING).as_bytes();
        let mut buffer = Zeroizing::new(vec![coding.len() as u8]);
        buffer.extend_from_slice(coding);
        Ok(Self {
            volumes: Arc::clone(volumes),
            pieces: Pieces::new(key, &salt, &place).ok_or_else(no_key)?,
            header: Header {
                length: 0,
                piece: 0,
                flags: 0,
                key: key.id,
                salt,
                before: Link::default(),
            },
            month: key.month,
            buffer,
            left: max_bytes,
            is_truncated: false,
            has_failed: Arc::default(),
            failure: None,
        })
    }

    /// Whether more came than is kept.
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// Takes in the next bytes. What goes wrong is told at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.is_truncated |= kept < bytes.len();
        self.left -= kept as u64;
        let mut rest = bytes.get(..kept).unwrap_or_default();
        while !rest.is_empty() && self.failure.is_none() {
            // A full buffer is sealed only once more comes: the last piece is never empty for
            // want of that.
            if self.buffer.len() == PIECE {
                self.failure = self.send(0, None).err();
            }
            let room = rest.len().min(PIECE - self.buffer.len());
            let (now, later) = rest.split_at(room);
            self.buffer.extend_from_slice(now);
            rest = later;
        }
    }

    /// Sends off what is left. The future resolves to the payload's reference once it is durable.
    pub fn finish(mut self) -> Durable {
        let flags = if self.is_truncated { LAST | TRUNCATED } else { LAST };
        let (done, durable) = oneshot::channel();
        let sent = match self.failure.take() {
            Some(error) => Err(error),
            None => self.send(flags, Some(done)),
        };
        Durable(match sent {
            Ok(at) => {
                let reference =
                    Reference { month: self.month, volume: at.volume, offset: at.offset };
                Stage::Waiting(reference, durable)
            }
            Err(error) => Stage::Failed(error),
        })
    }

    fn send(&mut self, flags: u8, done: Option<Done>) -> Result<Link, KeepError> {
        if self.has_failed.load(Ordering::Acquire) && done.is_none() {
            // The end tells why; sealing more would be for nothing.
            self.buffer.clear();
            return Ok(self.header.before);
        }
        let bytes = (HEADER + self.buffer.len() + TAG_BYTES) as u64;
        let at = self.volumes.reserve(self.month, bytes).map_err(|error| KeepError::Io {
            operation: "looking for",
            file: format!("the volumes of {}", self.month),
            reason: error.to_string(),
        })?;
        let header = Header { flags, ..self.header };
        let frame = self.pieces.seal(header, &self.buffer).ok_or(KeepError::Closed)?;
        self.volumes.write(self.month, at, frame, &self.has_failed, done)?;
        self.buffer.clear();
        self.header.piece += 1;
        self.header.before = at;
        Ok(at)
    }
}

enum Stage {
    Waiting(Reference, oneshot::Receiver<Result<(), KeepError>>),
    Done(Reference),
    Failed(KeepError),
}

/// Resolves to a payload's reference once it is on the disk.
pub struct Durable(Stage);

impl Durable {
    /// One that failed before it began.
    pub fn failed(error: KeepError) -> Self {
        Self(Stage::Failed(error))
    }

    /// The reference where it is durable already.
    pub fn now(&mut self) -> Option<Reference> {
        if let Stage::Waiting(reference, done) = &mut self.0
            && let Ok(result) = done.try_recv()
        {
            self.0 = ended(*reference, result);
        }
        match &self.0 {
            Stage::Done(reference) => Some(*reference),
            _ => None,
        }
    }
}

fn ended(reference: Reference, result: Result<(), KeepError>) -> Stage {
    match result {
        Ok(()) => Stage::Done(reference),
        Err(error) => Stage::Failed(error),
    }
}

impl Future for Durable {
    type Output = Result<Reference, KeepError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Stage::Waiting(reference, done) = &mut self.0 {
            let result = ready!(Pin::new(done).poll(cx)).unwrap_or(Err(KeepError::Closed));
            self.0 = ended(*reference, result);
        }
        match &self.0 {
            Stage::Failed(error) => Poll::Ready(Err(error.clone())),
            Stage::Done(reference) => Poll::Ready(Ok(*reference)),
            Stage::Waiting(..) => Poll::Pending,
        }
    }
}
