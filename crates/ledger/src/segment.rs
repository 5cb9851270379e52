//! Segment files: named after their first record, filled with zeros ahead, read in order.

use std::sync::Arc;

use crate::LogError;
use crate::files::{File, Files, SharedFiles, parent, read_full, write_all};
use crate::frame::{self, Frame, MAX_FRAME, Stop};

/// The folder of the segments.
pub(crate) const FOLDER: &str = "segments";
/// The segment that is being filled with zeros.
pub(crate) const NEXT: &str = "segments/next";
/// A segment that had to begin before the other one was ready.
pub(crate) const GROWING: &str = "segments/growing";
const MAGIC: &[u8; 8] = b"PCLEDGER";
const VERSION: u32 = 1;
/// Magic, version, first index, CRC-32C of those.
pub(crate) const HEADER: usize = 24;
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// Where a frame stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// First record of the segment.
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

impl Position {
    pub(crate) fn start_of(segment: u64) -> Self {
        Self { segment, offset: HEADER as u64 }
    }
}

pub(crate) fn path(first: u64) -> String {
    format!("{FOLDER}/{first:020}.seg")
}

/// The first index of the segment that has this path; none where it is no segment's.
pub(crate) fn first_of(found: &str) -> Option<u64> {
    let name = found.strip_prefix(FOLDER)?.strip_prefix('/')?;
    let first = name.strip_suffix(".seg")?.parse().ok()?;
    (path(first) == found).then_some(first)
}

/// First indexes of all segments, in order.
pub(crate) fn list(files: &dyn Files) -> Result<Vec<u64>, LogError> {
    let names = files.list(FOLDER).map_err(|error| LogError::io("listing", FOLDER, &error))?;
    let first = |name: &String| name.strip_suffix(".seg").and_then(|digits| digits.parse().ok());
    let mut firsts: Vec<u64> = names.iter().filter_map(first).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

pub(crate) fn header(first: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&first.to_le_bytes());
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Makes the file that will be the next segment, all zeros and synced: a later sync then has
/// data to write and no metadata.
pub(crate) fn prepare(
    files: &dyn Files,
    name: &str,
    bytes: u64,
) -> Result<Box<dyn File>, LogError> {
    let prepare = || {
        let file = files.create(name)?;
        file.set_size(0)?;
        let mut offset = 0;
        while offset < bytes {
            let length = ZEROS.len().min((bytes - offset) as usize);
            write_all(&*file, ZEROS.get(..length).unwrap_or(&ZEROS), offset)?;
            offset += length as u64;
        }
        file.sync()?;
        Ok(file)
    };
    prepare().map_err(|error| LogError::io("preparing", name, &error))
}

/// Turns the prepared file into the segment of this first record. A segment that has its name
/// has its header on the disk.
pub(crate) fn begin(
    files: &dyn Files,
    file: &dyn File,
    name: &str,
    first: u64,
) -> Result<(), LogError> {
    let path = path(first);
    write_all(file, &header(first), 0)
        .and_then(|()| file.sync())
        .and_then(|()| files.rename(name, &path))
        .and_then(|()| files.sync_folder(parent(&path)))
        .map_err(|error| LogError::io("beginning", &path, &error))
}

/// Opens a segment and checks its header.
pub(crate) fn open(files: &dyn Files, first: u64) -> Result<Box<dyn File>, LogError> {
    let path = path(first);
    let mut found = [0; HEADER];
    let file = files.open(&path).map_err(|error| LogError::io("opening", &path, &error))?;
    read_full(&*file, &mut found, 0).map_err(|error| LogError::io("reading", &path, &error))?;
    if found == *header(first) {
        Ok(file)
    } else {
        Err(LogError::corrupt(&path, 0, "this is not the header of that segment"))
    }
}

/// Bytes that are read at once.
const CHUNK: usize = 1 << 18;

/// Reads frames in order, over segment borders.
pub(crate) struct Reader {
    files: SharedFiles,
    segments: Arc<[u64]>,
    file: Option<Box<dyn File>>,
    position: Position,
    index: u64,
    /// Unread bytes of the segment, from `position` on.
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    at_end: bool,
}

/// What comes next.
pub(crate) enum Step<'a> {
    Frame(Frame<'a>, Position),
    /// No frame at this position, and why. Zeros are [`Stop::End`].
    Stop(Stop),
}

impl Reader {
    /// Reads on from the record `index`, which stands at `position`.
    pub(crate) fn new(files: &SharedFiles, index: u64, position: Position) -> Self {
        Self {
            files: Arc::clone(files),
            segments: Arc::from([]),
            file: None,
            position,
            index,
            buffer: Vec::new(),
            start: 0,
            filled: 0,
            at_end: false,
        }
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// The record that is read next.
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    /// Forgets what it read ahead: the writer has gone on since.
    pub(crate) fn refresh(&mut self) {
        (self.start, self.filled, self.at_end) = (0, 0, false);
    }

    pub(crate) fn step(&mut self) -> Result<Step<'_>, LogError> {
        if let Err(stop) = self.decode()? {
            if stop != Stop::End || !self.move_on()? {
                return Ok(Step::Stop(stop));
            }
            if let Err(stop) = self.decode()? {
                return Ok(Step::Stop(stop));
            }
        }
        let at = self.position;
        let bytes = self.buffer.get(self.start..self.filled).unwrap_or_default();
        let frame = match frame::decode_expected(bytes, self.index) {
            Ok(frame) => frame,
            Err(stop) => return Ok(Step::Stop(stop)),
        };
        self.start += frame.size();
        self.position.offset += frame.size() as u64;
        self.index += 1;
        Ok(Step::Frame(frame, at))
    }

    /// Makes sure that a whole frame is in the buffer, or says why there is none.
    fn decode(&mut self) -> Result<Result<(), Stop>, LogError> {
        if self.filled - self.start < MAX_FRAME && !self.at_end {
            let pending = self.buffer.get(self.start..self.filled).unwrap_or_default();
            // Reading ahead costs a copy of what is left; do so only when it may not suffice.
            let length = pending.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
            let whole = length.is_some_and(|length| {
                length > 0 && length as usize + frame::HEADER <= pending.len()
            });
            if !whole {
                self.fill()?;
            }
        }
        let bytes = self.buffer.get(self.start..self.filled).unwrap_or_default();
        let header = bytes.get(..frame::HEADER).unwrap_or(bytes);
        if header.iter().all(|byte| *byte == 0) {
            return Ok(Err(Stop::End));
        }
        Ok(Ok(()))
    }

    fn fill(&mut self) -> Result<(), LogError> {
        let path = path(self.position.segment);
        if self.file.is_none() {
            self.file = Some(open(&*self.files, self.position.segment)?);
        }
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        self.buffer.resize(CHUNK + MAX_FRAME, 0);
        let (Some(file), Some(room)) = (&self.file, self.buffer.get_mut(self.filled..)) else {
            return Ok(());
        };
        let offset = self.position.offset + self.filled as u64;
        let wanted = room.len();
        let read = read_full(&**file, room, offset)
            .map_err(|error| LogError::io("reading", &path, &error))?;
        self.at_end = read < wanted;
        self.filled += read;
        Ok(())
    }

    /// Goes to the segment that begins with the next record, if there is one.
    fn move_on(&mut self) -> Result<bool, LogError> {
        if self.index == self.position.segment {
            return Ok(false);
        }
        if !self.segments.contains(&self.index) {
            self.segments = list(&*self.files)?.into();
        }
        if !self.segments.contains(&self.index) {
            return Ok(false);
        }
        self.file = None;
        self.position = Position::start_of(self.index);
        self.refresh();
        Ok(true)
    }
}
