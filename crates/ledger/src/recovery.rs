//! What is done when a log is opened: find its end, and cut off what a crash left half written.

use std::collections::VecDeque;
use std::time::Duration;

use crate::files::{Files, SharedFiles, read_full, write_all};
use crate::frame::{self, Stop};
use crate::segment::{self, Position, Reader, Step};
use crate::{LogError, state::State};

/// How a log was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Records in the log, all of them durable.
    pub size: u64,
    /// Bytes of an unfinished write that were cut off; nothing in them was acknowledged.
    pub truncated_bytes: u64,
    /// It was closed in order. False for a log that ended unannounced.
    pub is_clean: bool,
    /// The log was made just now.
    pub is_new: bool,
    /// Records after the last checkpoint that were read again.
    pub rescanned: u64,
    /// Tiles were missing or damaged and have been made again from the segments.
    pub rebuilt_tiles: bool,
    /// How far the clock stands before the time of the last checkpoint.
    pub clock_went_back: Duration,
}

/// The end of the log.
pub(crate) struct Tail {
    pub(crate) size: u64,
    pub(crate) end: Position,
    pub(crate) truncated_bytes: u64,
}

/// Where to begin to read: at the last record of the last checkpoint, if the state tells where that is.
pub(crate) fn start(
    files: &dyn Files,
    state: Option<&State>,
    signed: u64,
) -> Result<(u64, Position), LogError> {
    let firsts = segment::list(files)?;
    if let Some(state) =
        state.filter(|state| state.size == signed && firsts.contains(&state.segment))
    {
        return Ok((state.size.saturating_sub(1), state.position()));
    }
    let first = firsts.into_iter().rfind(|first| *first <= signed.saturating_sub(1));
    match first {
        Some(first) => Ok((first, Position::start_of(first))),
        None => Err(LogError::RolledBack { signed }),
    }
}

/// Reads from a position to the end of the log, and cuts off a torn tail. Records from `limit` on
/// are cut off too: they are known never to have been acknowledged.
pub(crate) fn recover(
    files: &SharedFiles,
    (index, position): (u64, Position),
    signed: u64,
    limit: u64,
) -> Result<Tail, LogError> {
    let mut reader = Reader::new(files, index, position);
    let mut doubtful = Doubtful::default();
    let stop = loop {
        if reader.index() >= limit {
            break Stop::End;
        }
        match reader.step()? {
            Step::Frame(frame, at) => doubtful.take(frame.index, frame.durable.max(signed), at),
            Step::Stop(stop) => break stop,
        }
    };
    let (size, mut end) = (reader.index(), reader.position());
    let last = segment::list(&**files)?.last().copied();
    if size >= limit && last == Some(size) {
        // The segment that the cut off records were to begin.
        end = Position::start_of(size);
    }
    if last != Some(end.segment) {
        let path = segment::path(end.segment);
        return Err(LogError::corrupt(&path, end.offset, &stop.to_string()));
    }
    if size < signed {
        return Err(behind(&**files, end, stop, signed)?);
    }
    let truncated_bytes = settle(&**files, doubtful.start(end), end, size)?;
    Ok(Tail { size, end, truncated_bytes })
}

/// Fewer records than were signed: damage if something stands there, else a rolled-back copy.
fn behind(files: &dyn Files, end: Position, stop: Stop, signed: u64) -> Result<LogError, LogError> {
    let rest = rest_of(files, end)?;
    if rest.iter().all(|byte| *byte == 0) {
        return Ok(LogError::RolledBack { signed });
    }
    Ok(LogError::corrupt(&segment::path(end.segment), end.offset, &stop.to_string()))
}

/// The bytes of a segment from a position on, without the zeros at its end.
fn rest_of(files: &dyn Files, end: Position) -> Result<Vec<u8>, LogError> {
    let path = segment::path(end.segment);
    let read = || {
        let file = files.open(&path)?;
        let length = file.size()?.saturating_sub(end.offset);
        let mut rest = vec![0; length as usize];
        let read = read_full(&*file, &mut rest, end.offset)?;
        rest.truncate(read);
        Ok(rest)
    };
    let mut rest: Vec<u8> = read().map_err(|error| LogError::io("reading", &path, &error))?;
    let written = rest.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    rest.truncate(written);
    Ok(rest)
}

/// Records that no later one calls synced. They read well, but after a sync that failed the
/// system may show what the disk never got.
#[derive(Default)]
struct Doubtful(VecDeque<(u64, Position)>);

impl Doubtful {
    fn take(&mut self, index: u64, durable: u64, at: Position) {
        self.0.push_back((index, at));
        while self.0.pop_front_if(|(index, _)| *index < durable).is_some() {}
    }

    /// Where they begin in the last segment. What stands in earlier ones was synced before it began.
    fn start(&self, end: Position) -> u64 {
        let mut offsets = self.0.iter().filter(|(_, at)| at.segment == end.segment);
        offsets.next().map_or(end.offset, |(_, at)| at.offset)
    }
}

/// Writes the doubtful records again, so that a sync cannot take them for written, and zeros where
/// an unfinished write stands. Bytes that a later frame calls synced are no unfinished write: that
/// is damage, and stays as it is.
fn settle(files: &dyn Files, from: u64, end: Position, size: u64) -> Result<u64, LogError> {
    let path = segment::path(end.segment);
    let rest = rest_of(files, end)?;
    if !rest.is_empty() && frame::later_frame_says_synced(&rest, size) {
        let what = "an acknowledged record does not read, and later ones do";
        return Err(LogError::corrupt(&path, end.offset, what));
    }
    let settle = || {
        let file = files.create(&path)?;
        let doubtful = usize::try_from(end.offset.saturating_sub(from)).unwrap_or_default();
        let mut bytes = vec![0; doubtful];
        if read_full(&*file, &mut bytes, from)? < doubtful {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.resize(doubtful + rest.len(), 0);
        write_all(&*file, &bytes, from)?;
        // Also where nothing was torn: a process that was killed may have left whole records
        // unsynced, and from here on they count as durable.
        file.sync()
    };
    settle().map_err(|error| LogError::io("cutting off the torn tail of", &path, &error))?;
    Ok(rest.len() as u64)
}
