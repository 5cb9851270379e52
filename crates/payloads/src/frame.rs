//! How one piece of a payload stands in a volume.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..4 | length of the sealed piece, little endian |
//! | 4..8 | number of the piece, from 0 |
//! | 8 | 1: the last piece; 2: more came than is kept |
//! | 9..16 | zero |
//! | 16..32 | id of the data key |
//! | 32..48 | salt: the same in all pieces of a payload, and in no other payload |
//! | 48..52 | volume of the piece before |
//! | 52..60 | byte in it where that piece stands |
//! | 60.. | the sealed piece and its tag |
//!
//! A payload's own key is made from the data key and the salt, so that the number of a piece can
//! be its nonce. The header is associated with what is sealed, and so are tenant, record and
//! direction: a piece does not open in another place, order or record.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use store::KeyId;

use crate::seal::{Key, TAG_BYTES, joined};
use crate::{DataKey, Place};

pub(crate) const HEADER: usize = 60;

/// Bytes of one piece at most; the first begins with the name of the content coding.
pub(crate) const PIECE: usize = 64 * 1024;

/// Bytes of the longest frame.
pub(crate) const MAX_FRAME: usize = HEADER + PIECE + TAG_BYTES;

pub(crate) const LAST: u8 = 1;
pub(crate) const TRUNCATED: u8 = 2;

/// Which of an action's two payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// Where a piece stands in the volumes of its month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) volume: u32,
    pub(crate) offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) length: u32,
    pub(crate) piece: u32,
    pub(crate) flags: u8,
    pub(crate) key: KeyId,
    pub(crate) salt: [u8; 16],
    /// The piece before; all zero for the first.
    pub(crate) before: Link,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let fields: [(usize, &[u8]); 7] = [
            (0, &self.length.to_le_bytes()),
            (4, &self.piece.to_le_bytes()),
            (8, &[self.flags]),
            (16, &self.key),
            (32, &self.salt),
            (48, &self.before.volume.to_le_bytes()),
            (52, &self.before.offset.to_le_bytes()),
        ];
        for (at, field) in fields {
            bytes.iter_mut().skip(at).zip(field).for_each(|(to, from)| *to = *from);
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; HEADER]) -> Option<Self> {
        let header = Self {
            length: u32::from_le_bytes(field(bytes, 0)?),
            piece: u32::from_le_bytes(field(bytes, 4)?),
            flags: *bytes.get(8)?,
            key: field(bytes, 16)?,
            salt: field(bytes, 32)?,
            before: Link {
                volume: u32::from_le_bytes(field(bytes, 48)?),
                offset: u64::from_le_bytes(field(bytes, 52)?),
            },
        };
        let fits = header.length as usize <= PIECE + TAG_BYTES && header.flags <= LAST | TRUNCATED;
        (fits && header.encode() == *bytes).then_some(header)
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Seals and opens the pieces of one payload.
pub(crate) struct Pieces {
    key: LessSafeKey,
    place: Vec<u8>,
}

impl Pieces {
    pub(crate) fn new(data: &DataKey, salt: &[u8; 16], place: &Place) -> Option<Self> {
        let key = Key::derive(data.key.expose(), salt, &[b"portcullis payload"])?;
        let unbound = UnboundKey::new(&AES_256_GCM, key.expose()).ok()?;
        let Place { tenant, record, direction } = place;
        let record = record.as_u128().to_be_bytes();
        let month = data.month.to_string();
        let parts =
            [tenant.as_str().as_bytes(), &record, direction.as_str().as_bytes(), month.as_bytes()];
        Some(Self { key: LessSafeKey::new(unbound), place: joined(&parts) })
    }

    fn associated(&self, header: &[u8; HEADER]) -> Aad<Vec<u8>> {
        Aad::from([&header[..], &self.place].concat())
    }

    /// The whole frame. No number of a piece is used twice.
    pub(crate) fn seal(&self, header: Header, text: &[u8]) -> Option<Vec<u8>> {
        let length = u32::try_from(text.len() + TAG_BYTES).ok()?;
        let encoded = Header { length, ..header }.encode();
        let mut frame = Vec::with_capacity(HEADER + text.len() + TAG_BYTES);
        frame.extend_from_slice(&encoded);
        frame.extend_from_slice(text);
        let inside = frame.get_mut(HEADER..)?;
        let (nonce, aad) = (nonce(header.piece), self.associated(&encoded));
        let tag = self.key.seal_in_place_separate_tag(nonce, aad, inside).ok()?;
        frame.extend_from_slice(tag.as_ref());
        Some(frame)
    }

    pub(crate) fn open(&self, header: &Header, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut text = sealed.to_vec();
        let aad = self.associated(&header.encode());
        let length = self.key.open_in_place(nonce(header.piece), aad, &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

fn nonce(piece: u32) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce.iter_mut().zip(piece.to_le_bytes()).for_each(|(to, from)| *to = from);
    Nonce::assume_unique_for_key(nonce)
}
