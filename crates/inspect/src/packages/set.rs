//! A list of names as a sorted list of fingerprints: six bytes a name, looked up by halving.
//!
//! A fingerprint is the upper 48 bits of a hash, so of a million names that are not in a list of a
//! million about one in 280 lookups of *all* of them together is taken for known.

use super::{Ecosystem, MAX_NAME_BYTES};

/// How a list begins: what it is, and the version of its form.
pub const MAGIC: &[u8; 6] = b"PCPKG\x01";
/// Names of one list.
pub const MAX_NAMES: usize = 10_000_000;

const HEADER: usize = MAGIC.len() + 1;
const WIDTH: usize = 6;

/// A list of the names that exist in one ecosystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    ecosystem: Ecosystem,
    bytes: Vec<u8>,
}

/// Why bytes are no list of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    #[error("not a list of package names, or of another version; build it again")]
    Form,
    #[error("the list of package names is damaged; build it again")]
    Damaged,
}

/// Takes names and packs them.
#[derive(Debug)]
pub struct Builder {
    ecosystem: Ecosystem,
    prints: Vec<u64>,
}

impl Builder {
    pub fn new(ecosystem: Ecosystem) -> Self {
        Self { ecosystem, prints: Vec::new() }
    }

    /// Adds a name; whether it can be one, and there was room for it.
    pub fn add(&mut self, name: &str) -> bool {
        let name = self.ecosystem.normalise(name);
        let is_name = (1..=MAX_NAME_BYTES).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let fits = is_name && self.prints.len() < MAX_NAMES;
        if fits {
            self.prints.push(fingerprint(&name));
        }
        fits
    }

    /// Packs the names into the form that [`Set::from_bytes`] reads.
    pub fn finish(mut self) -> Vec<u8> {
        self.prints.sort_unstable();
        self.prints.dedup();
        let mut bytes = Vec::with_capacity(HEADER + self.prints.len() * WIDTH);
        bytes.extend_from_slice(MAGIC);
        bytes.push(self.ecosystem.number());
        for print in self.prints {
            bytes.extend_from_slice(&print.to_be_bytes()[2..]);
        }
        bytes
    }
}

impl Set {
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SetError> {
        let number = bytes.get(MAGIC.len()).filter(|_| bytes.starts_with(MAGIC));
        let ecosystem = number.and_then(|n| Ecosystem::ALL.into_iter().find(|e| e.number() == *n));
        let ecosystem = ecosystem.ok_or(SetError::Form)?;
        let entries = &bytes[HEADER..];
        let is_sorted = entries.chunks_exact(WIDTH).is_sorted_by(|a, b| a < b);
        if !entries.len().is_multiple_of(WIDTH) || !is_sorted {
            return Err(SetError::Damaged);
        }
        Ok(Self { ecosystem, bytes })
    }

    pub fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    /// How many names it holds.
    pub fn len(&self) -> usize {
        (self.bytes.len() - HEADER) / WIDTH
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it holds a name in the registry's form.
    pub(super) fn contains(&self, name: &str) -> bool {
        let wanted = fingerprint(name).to_be_bytes();
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            let from = HEADER + middle * WIDTH;
            match self.bytes[from..from + WIDTH].cmp(&wanted[2..]) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return true,
            }
        }
        false
    }
}

/// 48 bits of FNV-1a, mixed once more so that the upper bits depend on every letter.
fn fingerprint(name: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let hash = name.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (hash ^ (hash >> 32)) >> 16
}
