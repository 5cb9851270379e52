//! Exact match of one's own records: names, customer numbers, addresses by the million.
//!
//! Values become keyed fingerprints and are never stored. A set is buckets of forty-bit remainders of
//! a 64-bit SipHash: about six bytes a value, and with four values in a bucket a text that is none of
//! the values passes for one with a probability below [`FALSE_MATCH`]. Without the key nobody can try
//! values against a set.
//!
//! What is compared is letters and digits in small letters, whatever stands between them: `C-1029 A`,
//! `c1029a` and `C 1029/A` are one value. A value may be written in up to [`MAX_WORDS`] words.

mod bytes;
mod sip;
mod words;

use std::ops::Range;

pub use bytes::{LoadError, MAGIC};
use sip::Sip;
use words::Words;

/// Values of one set.
pub const MAX_VALUES: usize = 10_000_000;

/// Letters and digits of a value, in bytes; a longer one is refused.
pub const MAX_VALUE_BYTES: usize = 128;

/// Shorter values are in every text.
pub const MIN_VALUE_BYTES: usize = 4;

/// Words in which a value may be written.
pub const MAX_WORDS: usize = 8;

/// An upper bound of how probable it is that a word that begins no value is taken for one.
pub const FALSE_MATCH: f64 = 1e-9;

/// Bytes between two words of one value.
const MAX_GAP: usize = 3;

/// The most that a value takes in a text: what a stream must hold back for it.
pub const MAX_SPAN: usize = MAX_VALUE_BYTES + (MAX_WORDS - 1) * MAX_GAP;

/// Bytes of a remainder.
const REMAINDER: usize = 5;

/// Values in a bucket, on average.
const PER_BUCKET: usize = 4;

/// Bits of the filter of beginnings for each value.
const FILTER_BITS: usize = 8;

/// How much of a value the filter of beginnings knows.
const BEGINNING: usize = 6;

/// Takes values and makes a [`Set`] of them.
#[derive(Debug)]
pub struct Builder {
    keys: Keys,
    /// Fingerprints and beginnings.
    values: Vec<(u64, u64)>,
    longest: usize,
    refused: usize,
}

/// One key for fingerprints, one for beginnings.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Keys {
    value: [u64; 2],
    beginning: [u64; 2],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    fn new(key: &[u8; 32]) -> Self {
        let part = |at: usize| {
            key.iter().skip(at).take(8).rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        Self { value: [part(0), part(8)], beginning: [part(16), part(24)] }
    }

    fn beginning(&self, compact: &[u8]) -> u64 {
        Sip::of(self.beginning, &compact[..compact.len().min(BEGINNING)])
    }
}

impl Builder {
    /// The key must be secret and random; the same one reads the set.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { keys: Keys::new(key), values: Vec::new(), longest: 0, refused: 0 }
    }

    /// Adds a value. One that is too short, too long, of too many words, or one too many, is
    /// refused and counted.
    pub fn add(&mut self, value: &str) -> &mut Self {
        let mut compact = Vec::with_capacity(value.len());
        let words = Words::new(value.as_bytes(), 0).map(|word| word.append(&mut compact)).count();
        let fits = (MIN_VALUE_BYTES..=MAX_VALUE_BYTES).contains(&compact.len())
            && words <= MAX_WORDS
            && self.values.len() < MAX_VALUES;
        if fits {
            let fingerprint = Sip::of(self.keys.value, &compact);
            self.values.push((fingerprint, self.keys.beginning(&compact)));
            self.longest = self.longest.max(compact.len());
        } else {
            self.refused += 1;
        }
        self
    }

    /// How many values were refused.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Sorts what was added into a set; a value added twice counts once.
    pub fn finish(mut self) -> Set {
        self.values.sort_unstable();
        self.values.dedup_by_key(|(fingerprint, _)| *fingerprint);
        let count = self.values.len();
        let bits = (count / PER_BUCKET).max(1).ilog2();
        let mut set = Set {
            keys: self.keys,
            bits,
            longest: self.longest,
            starts: Vec::with_capacity((1 << bits) + 1),
            remainders: Vec::with_capacity(count * REMAINDER),
            filter: vec![0; (count * FILTER_BITS).div_ceil(64).max(1).next_power_of_two()],
        };
        for (fingerprint, beginning) in self.values {
            let (bucket, remainder) = set.place(fingerprint);
            while set.starts.len() <= bucket {
                set.starts.push((set.remainders.len() / REMAINDER) as u32);
            }
            set.remainders.extend_from_slice(&remainder);
            let (word, bit) = set.filter_bit(beginning);
            set.filter[word] |= bit;
        }
        set.starts.resize((1 << bits) + 1, count as u32);
        set
    }
}

/// Fingerprints of values. See the [module](self).
#[derive(Debug, PartialEq, Eq)]
pub struct Set {
    keys: Keys,
    /// The number of buckets is two to this.
    bits: u32,
    /// Bytes of the longest value.
    longest: usize,
    /// Where each bucket's remainders begin, and where the last ends.
    starts: Vec<u32>,
    remainders: Vec<u8>,
    /// A bit for each beginning of a value.
    filter: Vec<u64>,
}

impl Set {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.remainders.len() / REMAINDER
    }

    pub fn is_empty(&self) -> bool {
        self.remainders.is_empty()
    }

    /// Bytes that it occupies in memory.
    pub fn heap_bytes(&self) -> usize {
        self.starts.len() * 4 + self.remainders.len() + self.filter.len() * 8
    }

    fn place(&self, fingerprint: u64) -> (usize, [u8; REMAINDER]) {
        let bucket = fingerprint.checked_shr(64 - self.bits).unwrap_or(0);
        let rest = fingerprint.checked_shl(self.bits).unwrap_or(0).to_be_bytes();
        let mut remainder = [0; REMAINDER];
        remainder.copy_from_slice(&rest[..REMAINDER]);
        (bucket as usize, remainder)
    }

    fn filter_bit(&self, beginning: u64) -> (usize, u64) {
        let place = beginning as usize & (self.filter.len() * 64 - 1);
        (place / 64, 1 << (place % 64))
    }

    fn holds(&self, fingerprint: u64) -> bool {
        let (bucket, remainder) = self.place(fingerprint);
        let (Some(start), Some(end)) = (self.starts.get(bucket), self.starts.get(bucket + 1))
        else {
            return false;
        };
        let range = *start as usize * REMAINDER..*end as usize * REMAINDER;
        let known = self.remainders.get(range).unwrap_or_default();
        known.chunks_exact(REMAINDER).any(|known| known == remainder)
    }

    fn may_begin(&self, compact: &[u8]) -> bool {
        let (word, bit) = self.filter_bit(self.keys.beginning(compact));
        self.filter.get(word).is_some_and(|known| known & bit != 0)
    }

    /// Appends every value that begins in `from..to`, the longest at each place; the text may go on
    /// after `to`. What begins there must end, or be no value, in `text`.
    pub fn find(&self, text: &[u8], from: usize, to: usize, out: &mut Vec<Range<usize>>) {
        let mut compact = Vec::with_capacity(MAX_VALUE_BYTES);
        for word in Words::new(text, from) {
            if word.start >= to {
                break;
            }
            let (longest, _) = self.longest_at(text, word.start, &mut compact);
            out.extend(longest.map(|end| word.start..end));
        }
    }

    /// The earliest place from which the text's end could be the beginning of a value.
    pub fn open(&self, text: &[u8]) -> Option<usize> {
        let mut compact = Vec::with_capacity(MAX_VALUE_BYTES);
        let whole = words::whole(text);
        let cut = (whole < text.len()).then_some(whole);
        let text = &text[..whole];
        let from = text.len().saturating_sub(MAX_SPAN + MAX_GAP);
        let mut words = Words::new(text, from);
        let open = words.find(|word| self.longest_at(text, word.start, &mut compact).1);
        open.map(|word| word.start).or(cut)
    }

    /// Where the longest value at `start` ends, and whether more text could change that.
    fn longest_at(
        &self,
        text: &[u8],
        start: usize,
        compact: &mut Vec<u8>,
    ) -> (Option<usize>, bool) {
        compact.clear();
        let mut longest = None;
        let mut end = start;
        let mut is_known = false;
        for word in Words::new(text, start).take(MAX_WORDS) {
            if word.start - end > MAX_GAP && end > start {
                return (longest, false);
            }
            word.append(compact);
            end = word.end;
            if compact.len() > self.longest {
                return (longest, false);
            }
            let is_open = end == text.len();
            if compact.len() >= BEGINNING && !is_known {
                is_known = self.may_begin(compact);
                if !is_known {
                    return (longest, false);
                }
            }
            if compact.len() >= MIN_VALUE_BYTES && self.holds(Sip::of(self.keys.value, compact)) {
                longest = Some(end);
            }
            if is_open {
                return (longest, true);
            }
        }
        let is_open = text.len() - end <= MAX_GAP && compact.len() < self.longest;
        (longest, is_open)
    }
}

#[cfg(test)]
mod tests;
