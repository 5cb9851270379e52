//! Beginnings of credentials, as the catalogue declares them: what tells a value where nothing else
//! does, in ROT13 or broken over two lines.

use std::ops::Range;
use std::sync::LazyLock;

use super::packed;
use crate::detectors::{Form, catalogue};

/// Shorter ones stand in many a text by chance.
const DISTINCT: usize = 4;

/// The least confidence in what begins so.
const CONFIDENCE: f64 = 0.7;

static PLAIN: LazyLock<Beginnings> = LazyLock::new(|| Beginnings::new(|byte| byte));
static ROTATED: LazyLock<Beginnings> = LazyLock::new(|| Beginnings::new(rotated));

/// A letter thirteen further on; anything else as it is.
pub(super) fn rotated(byte: u8) -> u8 {
    match byte {
        b'a'..=b'm' | b'A'..=b'M' => byte + 13,
        b'n'..=b'z' | b'N'..=b'Z' => byte - 13,
        _ => byte,
    }
}

struct Beginnings {
    /// A bit for each two bytes with which one begins.
    pairs: Vec<u64>,
    /// Sorted.
    all: Vec<Vec<u8>>,
}

impl Beginnings {
    /// Written as `write` has it; those that it leaves as they are stand for nothing.
    fn new(write: fn(u8) -> u8) -> Self {
        let declared = catalogue().iter();
        let is_distinct = |prefix: &&[u8]| {
            prefix.len() >= DISTINCT
                && prefix.iter().filter(|byte| byte.is_ascii_alphabetic()).count() >= 2
        };
        let prefixes = declared
            .filter(|declared| declared.confidence >= CONFIDENCE && declared.keywords.is_empty())
            .filter_map(|declared| match declared.form {
                Form::Token { prefixes, .. } => Some(prefixes),
                _ => None,
            });
        let prefixes = prefixes.flatten().map(|prefix| prefix.as_bytes()).filter(is_distinct);
        let mut all: Vec<Vec<u8>> =
            prefixes.map(|prefix| prefix.iter().copied().map(write).collect()).collect();
        all.sort_unstable();
        all.dedup();
        let mut pairs = vec![0; 1024];
        for [first, second] in all.iter().filter_map(|prefix| prefix.first_chunk()) {
            let (word, bit) = pair(*first, *second);
            pairs[word] |= bit;
        }
        Self { pairs, all }
    }

    /// Whether one is at the first two bytes of a text, which most texts do not get past.
    #[inline]
    fn may_be_at(&self, text: &[u8]) -> bool {
        text.first_chunk().is_some_and(|[first, second]| {
            let (word, bit) = pair(*first, *second);
            self.pairs[word] & bit != 0
        })
    }

    fn is_at(&self, text: &[u8]) -> bool {
        let first = self.all.partition_point(|prefix| prefix[..2] < text[..2]);
        let near = self.all.get(first..).unwrap_or_default().iter();
        let mut near = near.take_while(|prefix| prefix[..2] == text[..2]);
        near.any(|prefix| text.starts_with(prefix))
    }

    /// Whether one begins a run of characters, or a word within.
    fn are_in(&self, run: &[u8]) -> bool {
        let words = memchr::memchr3_iter(b'-', b'_', b'/', run).map(|at| at + 1);
        let words = words.chain(memchr::memchr3_iter(b'=', b':', b'.', run).map(|at| at + 1));
        let mut starts = std::iter::once(0).chain(words);
        starts.any(|at| {
            let rest = run.get(at..).unwrap_or_default();
            self.may_be_at(rest) && self.is_at(rest)
        })
    }
}

fn pair(first: u8, second: u8) -> (usize, u64) {
    let number = usize::from(first) << 8 | usize::from(second);
    (number >> 6, 1 << (number & 63))
}

/// Whether a credential begins in a run of characters.
pub(super) fn is_begun(run: &[u8]) -> bool {
    PLAIN.are_in(run)
}

/// The runs of characters in which one begins that is in ROT13, among those that may be packed.
pub(super) fn in_rot13(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    packed::runs(text).filter(|run| ROTATED.are_in(&text[run.clone()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beginning_is_found_in_rot13_and_no_plain_one() {
        assert!(PLAIN.all.len() > 100, "{}", PLAIN.all.len());
        for prefix in &PLAIN.all {
            let value = [prefix, &b"a1B2c3D4e5F6g7H8a1B2c3D4e5"[..]].concat();
            let hidden: Vec<u8> = value.iter().copied().map(rotated).collect();
            let text = [b"the key is ", &*hidden].concat();
            let is_digits = prefix.iter().all(|byte| packed::DIGITS[usize::from(*byte)]);
            let is_found = in_rot13(&text).next().is_some();
            assert!(is_found || !is_digits, "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn ordinary_words_are_none() {
        let text = "the-quick-brown-fox jumps_over_the_lazy_dog 550e8400-e29b-41d4-a716-446655440000 \
                    https://docs.example.org/reference/configuration#sections";
        assert_eq!(in_rot13(text.as_bytes()).count(), 0);
    }
}
