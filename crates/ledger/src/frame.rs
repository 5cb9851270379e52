//! How one record stands in a segment.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..4 | length of the data, little endian; zero marks the unwritten rest of the file |
//! | 4..8 | CRC-32C of everything after it, and of the length |
//! | 8..16 | the record's index |
//! | 16..20 | how many records before it were not yet known to be synced when it was written |
//! | 20.. | the data |
//!
//! The index makes a moved or doubled frame visible. The last header field is what tells a torn
//! tail from damage: a frame that a later one calls synced had been acknowledged.

use model::MAX_RECORD_BYTES;

pub(crate) const HEADER: usize = 20;
/// The longest frame.
pub(crate) const MAX_FRAME: usize = HEADER + MAX_RECORD_BYTES;

/// A frame that holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) index: u64,
    /// Records that were durable when this one was written.
    pub(crate) durable: u64,
    pub(crate) data: &'a [u8],
}

impl Frame<'_> {
    /// Bytes in the file.
    pub(crate) fn size(&self) -> usize {
        HEADER + self.data.len()
    }
}

fn checksum(length: &[u8], rest: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(length), rest)
}

/// Appends a frame. `durable` is at most `index`.
pub(crate) fn encode(out: &mut Vec<u8>, index: u64, durable: u64, data: &[u8]) {
    let start = out.len();
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes();
    let behind = u32::try_from(index - durable).unwrap_or(u32::MAX).to_le_bytes();
    out.reserve(HEADER + data.len());
    out.extend_from_slice(&length);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&index.to_le_bytes());
    out.extend_from_slice(&behind);
    out.extend_from_slice(data);
    let rest = out.get(start + 8..).unwrap_or_default();
    let crc = checksum(&length, rest).to_le_bytes();
    if let Some(slot) = out.get_mut(start + 4..start + 8) {
        slot.copy_from_slice(&crc);
    }
}

/// Why no frame could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The bytes end, or are the zeros of the unwritten rest, as far as the length says.
    End,
    /// More bytes than given are needed.
    Short,
    Length,
    Checksum,
    /// The frame is whole, but belongs elsewhere.
    Index(u64),
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End => f.write_str("the records end here"),
            Self::Short => f.write_str("the file ends inside a record"),
            Self::Length => f.write_str("a length that no record has"),
            Self::Checksum => f.write_str("the checksum does not fit the record"),
            Self::Index(found) => write!(f, "record {found} stands where another belongs"),
        }
    }
}

/// Reads the frame at the start of the bytes, whatever its index.
pub(crate) fn decode(bytes: &[u8]) -> Result<Frame<'_>, Stop> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(if bytes.iter().all(|byte| *byte == 0) { Stop::End } else { Stop::Short });
    };
    let [l0, l1, l2, l3, c0, c1, c2, c3, index @ .., b0, b1, b2, b3] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if header == &[0; HEADER] {
        return Err(Stop::End);
    }
    if length == 0 || length > MAX_RECORD_BYTES {
        return Err(Stop::Length);
    }
    let data = rest.get(..length).ok_or(Stop::Short)?;
    let covered = bytes.get(8..HEADER + length).ok_or(Stop::Short)?;
    if checksum(&[l0, l1, l2, l3], covered) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(Stop::Checksum);
    }
    let index = u64::from_le_bytes(index);
    let behind = u64::from(u32::from_le_bytes([b0, b1, b2, b3]));
    Ok(Frame { index, durable: index.saturating_sub(behind), data })
}

/// Reads the frame at the start of the bytes, which must be this record's.
pub(crate) fn decode_expected(bytes: &[u8], index: u64) -> Result<Frame<'_>, Stop> {
    let frame = decode(bytes)?;
    if frame.index == index { Ok(frame) } else { Err(Stop::Index(frame.index)) }
}

/// Whether any frame in the bytes says that the record `index` had been synced before it.
///
/// Looks at every offset: what precedes may have any length.
pub(crate) fn later_frame_says_synced(bytes: &[u8], index: u64) -> bool {
    let last = index + bytes.len() as u64;
    (0..bytes.len().saturating_sub(HEADER)).any(|at| {
        let rest = bytes.get(at..).unwrap_or_default();
        let found = rest.get(8..16).and_then(|field| <[u8; 8]>::try_from(field).ok());
        let plausible = found.map(u64::from_le_bytes).is_some_and(|i| i > index && i <= last);
        plausible && decode(rest).is_ok_and(|frame| frame.durable > index)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_and_any_changed_byte_is_seen() {
        let mut bytes = Vec::new();
        encode(&mut bytes, 7, 5, b"hello");
        assert_eq!(bytes.len(), HEADER + 5);
        let frame = decode_expected(&bytes, 7).unwrap();
        assert_eq!((frame.index, frame.durable, frame.data), (7, 5, &b"hello"[..]));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                assert!(decode_expected(&bytes, 7).is_err(), "byte {at} bit {bit}");
                bytes[at] ^= 1 << bit;
            }
            assert!(decode(&bytes[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(decode_expected(&bytes, 8), Err(Stop::Index(7)));
        assert_eq!(decode(&[0; 64]), Err(Stop::End));
        assert_eq!(decode(&[]), Err(Stop::End));
    }

    #[test]
    fn a_later_frame_vouches_for_what_was_synced() {
        let mut bytes = vec![0xff; 33];
        encode(&mut bytes, 4, 3, b"four");
        assert!(!later_frame_says_synced(&bytes, 3), "3 was not synced when 4 was written");
        encode(&mut bytes, 5, 4, b"five");
        assert!(later_frame_says_synced(&bytes, 3));
        assert!(!later_frame_says_synced(&bytes, 4));
    }
}
