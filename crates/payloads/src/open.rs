//! A payload on its way back: its pieces found, opened and put together.

use std::fmt;

use store::KeyId;

use crate::frame::{HEADER, Header, LAST, Link, MAX_FRAME, PIECE, Pieces, TRUNCATED};
use crate::volume::Volumes;
use crate::{DataKey, MAX_PAYLOAD_BYTES, Place, ReadError, Reference};

/// Pieces of the longest payload.
const MAX_PIECES: u64 = MAX_PAYLOAD_BYTES / PIECE as u64 + 2;

/// A payload as it was kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its content coding, empty where there is none.
    pub coding: String,
    pub bytes: Vec<u8>,
    /// More came than was kept.
    pub is_truncated: bool,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} bytes)", self.bytes.len())
    }
}

/// The frames of a payload, from the last to the first.
#[derive(Debug)]
pub(crate) struct Frames {
    last: Header,
    all: Vec<(Header, Vec<u8>)>,
}

/// Reads all frames of a payload. Nothing is opened yet: that needs its key.
pub(crate) fn frames(volumes: &Volumes, reference: Reference) -> Result<Frames, ReadError> {
    let mut at = Link { volume: reference.volume, offset: reference.offset };
    let mut all: Vec<(Header, Vec<u8>)> = Vec::new();
    loop {
        let (header, sealed) = frame(volumes, reference, at)?;
        let follows = match all.last() {
            None => header.flags & LAST != 0 && u64::from(header.piece) < MAX_PIECES,
            Some((next, _)) => {
                let is_one = (header.key, header.salt) == (next.key, next.salt);
                is_one && header.flags == 0 && header.piece + 1 == next.piece
            }
        };
        if !follows {
            return Err(ReadError::Damaged);
        }
        at = header.before;
        let is_first = header.piece == 0;
        all.push((header, sealed));
        if is_first {
            let last = all.first().map(|(header, _)| *header).ok_or(ReadError::Damaged)?;
            return Ok(Frames { last, all });
        }
    }
}

fn frame(volumes: &Volumes, of: Reference, at: Link) -> Result<(Header, Vec<u8>), ReadError> {
    let bytes = volumes.read(of.month, at, MAX_FRAME).map_err(|error| match error.kind() {
        // A month's volumes go once no key opens anything in them.
        std::io::ErrorKind::NotFound => ReadError::Erased,
        _ => ReadError::Io(error.to_string()),
    })?;
    let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(ReadError::Damaged)?;
    let header = Header::decode(header).ok_or(ReadError::Damaged)?;
    let sealed = rest.get(..header.length as usize).ok_or(ReadError::Damaged)?;
    Ok((header, sealed.to_vec()))
}

impl Frames {
    pub(crate) fn key_id(&self) -> KeyId {
        self.last.key
    }

    pub(crate) fn open(&self, key: &DataKey, place: &Place) -> Result<Kept, ReadError> {
        let pieces = Pieces::new(key, &self.last.salt, place).ok_or(ReadError::Damaged)?;
        let mut text = Vec::new();
        for (header, sealed) in self.all.iter().rev() {
            text.extend(pieces.open(header, sealed).ok_or(ReadError::Damaged)?);
        }
        let (length, rest) = text.split_first().ok_or(ReadError::Damaged)?;
        let (coding, bytes) =
            rest.split_at_checked(usize::from(*length)).ok_or(ReadError::Damaged)?;
        Ok(Kept {
            coding: String::from_utf8_lossy(coding).into_owned(),
            bytes: bytes.to_vec(),
            is_truncated: self.last.flags & TRUNCATED != 0,
        })
    }
}
