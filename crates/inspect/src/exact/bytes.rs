//! A set as bytes: a header, its parts, a checksum under the key.
//!
//! `PCXS`, version, bits of buckets, longest value, then counts of values and of words of the
//! filter; starts of buckets, remainders, filter; SipHash of all before it. Numbers are
//! little-endian. The key is not in it.

use super::{Keys, MAX_VALUE_BYTES, MAX_VALUES, REMAINDER, Set, Sip};

/// How the bytes of a set begin.
pub const MAGIC: &[u8; 4] = b"PCXS";
const VERSION: u8 = 1;
const HEADER: usize = 4 + 1 + 1 + 2 + 8 + 8;
const CHECK: usize = 8;

/// Why bytes are no set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LoadError {
    #[error("this is no set of records; build one with this version")]
    Format,
    #[error("the set of records is damaged, or was built with another key; build it again")]
    Checksum,
}

impl Set {
    /// The set as bytes, for [`Set::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.heap_bytes() + CHECK);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[VERSION, self.bits as u8]);
        bytes.extend_from_slice(&(self.longest as u16).to_le_bytes());
        bytes.extend_from_slice(&(self.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&(self.filter.len() as u64).to_le_bytes());
        bytes.extend(self.starts.iter().flat_map(|start| start.to_le_bytes()));
        bytes.extend_from_slice(&self.remainders);
        bytes.extend(self.filter.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend_from_slice(&Sip::of(self.keys.value, &bytes).to_le_bytes());
        bytes
    }

    /// Reads a set that was made with the same key.
    ///
    /// # Errors
    /// When the bytes are no set, were changed, or belong to another key.
    pub fn from_bytes(key: &[u8; 32], bytes: &[u8]) -> Result<Self, LoadError> {
        let keys = Keys::new(key);
        let (body, check) = bytes.split_last_chunk::<CHECK>().ok_or(LoadError::Format)?;
        let (header, mut rest) = body.split_at_checked(HEADER).ok_or(LoadError::Format)?;
        if !header.starts_with(MAGIC) || header[4] != VERSION {
            return Err(LoadError::Format);
        }
        if Sip::of(keys.value, body).to_le_bytes() != *check {
            return Err(LoadError::Checksum);
        }
        let bits = u32::from(header[5]);
        let longest = usize::from(u16::from_le_bytes([header[6], header[7]]));
        let (count, filter) = (number(&header[8..16]) as usize, number(&header[16..24]) as usize);
        let is_sane = bits < 32 && count <= MAX_VALUES && longest <= MAX_VALUE_BYTES;
        if !is_sane || !filter.is_power_of_two() || filter > MAX_VALUES {
            return Err(LoadError::Format);
        }
        let mut take = |length: usize| {
            let (part, after) = rest.split_at_checked(length).ok_or(LoadError::Format)?;
            rest = after;
            Ok(part)
        };
        let starts = take(((1 << bits) + 1) * 4)?;
        let starts = starts.chunks_exact(4).map(|four| number(four) as u32).collect();
        let remainders = take(count * REMAINDER)?.to_vec();
        let filter = take(filter * 8)?.chunks_exact(8).map(number).collect();
        if !rest.is_empty() {
            return Err(LoadError::Format);
        }
        Ok(Self { keys, bits, longest, starts, remainders, filter })
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
