//! A value as it is looked up.

use crate::normal::{self, Normal, is_word, word_bytes};
use crate::number;

/// Word bytes that a place is indexed by, where so many follow it.
pub(crate) const GRAM: usize = 8;

/// How far those bytes may lie apart.
const GRAM_REACH: usize = 32;

/// Fewer word bytes than this may stand anywhere by chance.
const SHORT: usize = 4;

/// Numbers that are years may too.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2099;

/// What is looked up in an index, in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(u32);

impl Key {
    pub(crate) fn word(word: &[u8]) -> Self {
        Self::of(1, word.iter().copied())
    }

    pub(crate) fn number(canonical: &str) -> Self {
        Self::of(2, canonical.bytes())
    }

    /// The key of the next word bytes from a place on; none where too few follow.
    pub(crate) fn gram(text: &[u8], at: usize) -> Option<Self> {
        let near = text.get(at..text.len().min(at + GRAM_REACH))?;
        let near = near.iter().take_while(|byte| **byte != normal::SEPARATOR);
        let mut gram = [0; GRAM];
        let mut count = 0;
        for (place, byte) in gram.iter_mut().zip(near.filter(|byte| is_word(**byte))) {
            *place = *byte;
            count += 1;
        }
        (count == GRAM).then(|| Self::of(3, gram.into_iter()))
    }

    /// FNV-1a over 64 bits, folded. Whoever makes texts collide makes look-ups give up, and what
    /// gave up reads as untrusted.
    fn of(domain: u8, bytes: impl Iterator<Item = u8>) -> Self {
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325 ^ u64::from(domain), |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self((hash ^ hash >> 32) as u32)
    }
}

/// A value, or a part of one, ready to be looked up.
pub(crate) struct Needle {
    pub(crate) text: String,
    /// Only then may a place where it stands vouch for it.
    pub(crate) is_plain: bool,
    pub(crate) word_bytes: usize,
    /// Where its first word begins.
    pub(crate) begins: usize,
    /// Its one spelling, where it is a number.
    pub(crate) number: Option<String>,
}

impl Needle {
    pub(crate) fn new(value: &str) -> Option<Self> {
        let Normal { text, is_plain } = normal::normalise(value);
        let begins = text.bytes().position(is_word)?;
        let word_bytes = word_bytes(text.as_bytes());
        let number = number::value(&text);
        Some(Self { text, is_plain, word_bytes, begins, number })
    }

    /// The keys under which it stands wherever it stands.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        let text = self.text.as_bytes();
        let place = match Key::gram(text, self.begins) {
            Some(gram) => gram,
            None => {
                let end = normal::word_end(text, self.begins);
                Key::word(text.get(self.begins..end).unwrap_or_default())
            }
        };
        [place].into_iter().chain(self.number.as_deref().map(Key::number))
    }

    /// So little that it may stand somewhere by chance.
    pub(crate) fn is_short(&self) -> bool {
        let is_year = self.text.parse().is_ok_and(|number| YEARS.contains(&number));
        self.word_bytes < SHORT || is_year
    }

    /// Digits that people write with blanks and hyphens between them: accounts, cards, telephones.
    pub(crate) fn is_grouped(&self) -> bool {
        let digits = self.text.bytes().filter(u8::is_ascii_digit).count();
        digits >= 6
            && digits * 2 >= self.word_bytes
            && self.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_grouping(byte))
    }
}

/// What stands between groups of digits and is no part of them.
fn is_grouping(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'+' | b'(' | b')')
}

/// Whether a text is one number in groups, and not the words after it too: digits alone, or letters
/// among them in groups of four, as accounts are printed (ISO 13616), with a digit at the end.
pub(crate) fn is_grouped(text: &[u8]) -> bool {
    let mut groups = text.split(|byte| is_grouping(*byte)).filter(|group| !group.is_empty()).rev();
    let is_number = text.iter().all(|byte| byte.is_ascii_digit() || is_grouping(*byte));
    let ends_well = groups
        .next()
        .is_some_and(|last| last.len() <= 4 && last.last().is_some_and(u8::is_ascii_digit));
    is_number || (ends_well && groups.all(|group| group.len() == 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_look_up_is_no_needle() {
        assert!(Needle::new(" …!").is_none());
    }

    #[test]
    fn an_account_is_grouped_and_an_amount_is_not() {
        assert!(Needle::new("DE89 3704 0044 0532 0130 00").unwrap().is_grouped());
        assert!(Needle::new("+49 (30) 123-456").unwrap().is_grouped());
        assert!(!Needle::new("1234567.89").unwrap().is_grouped());
    }

    #[test]
    fn what_may_stand_by_chance_is_short() {
        for short in ["13", "no", "2024", "a-b-c"] {
            assert!(Needle::new(short).unwrap().is_short(), "{short}");
        }
        assert!(!Needle::new("anna").unwrap().is_short());
    }
}
