//! The words that some formats want before a value: all lists of all declarations in one table.
//!
//! Three letters and a bitmap of 4 KiB dismiss nearly every place; only where one says so are the
//! words that begin with these letters compared.

use std::borrow::Cow;
use std::ops::Range;

/// Lists of keywords, those of the operator's own detectors included.
pub(crate) const MAX_LISTS: usize = 512;

/// Which lists have a word before a place, as far as there are any: a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mask {
    lists: [u64; MAX_LISTS / 64],
    is_any: bool,
}

impl Mask {
    fn add(&mut self, list: u16) {
        self.lists[usize::from(list) / 64 % (MAX_LISTS / 64)] |= 1 << (list % 64);
        self.is_any = true;
    }

    #[inline]
    pub(super) fn holds(&self, list: u16) -> bool {
        self.lists[usize::from(list) / 64 % (MAX_LISTS / 64)] & 1 << (list % 64) != 0
    }

    /// Whether there is no word of any list.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !self.is_any
    }
}

type Words = Vec<Cow<'static, str>>;

#[derive(Debug, Default)]
pub(crate) struct Keywords {
    /// A bit for each three letters with which a word begins.
    beginnings: Vec<u64>,
    /// The first word that begins with three letters.
    first: Vec<u16>,
    /// Sorted by their first three letters.
    words: Vec<(Cow<'static, str>, u16)>,
    lists: Vec<Words>,
    longest: usize,
}

/// How many numbers there are of three letters.
const NUMBERS: usize = 1 << 15;

/// A number for the first three letters of a text, capital or small.
fn three_letters(text: &[u8]) -> usize {
    text.iter().take(3).fold(0, |sum, byte| sum << 5 | usize::from(byte & 31))
}

impl Keywords {
    /// Gives a list its number, the same for the same words; nothing for an empty one.
    pub(super) fn add(&mut self, list: &[Cow<'static, str>]) -> Option<u16> {
        if list.is_empty() {
            return None;
        }
        let known = self.lists.iter().position(|words| words == list);
        let number = known.unwrap_or(self.lists.len()) as u16;
        if known.is_none() {
            self.lists.push(list.to_vec());
            self.words.extend(list.iter().map(|word| (word.clone(), number)));
        }
        Some(number)
    }

    /// Makes the table, once all lists are there.
    pub(super) fn build(&mut self) {
        self.beginnings = vec![0; NUMBERS / 64];
        self.first = vec![0; NUMBERS];
        self.words.sort_by_key(|(word, _)| three_letters(word.as_bytes()));
        for (at, (word, _)) in self.words.iter().enumerate().rev() {
            let number = three_letters(word.as_bytes());
            self.first[number] = at as u16;
            self.beginnings[number >> 6] |= 1 << (number & 63);
            self.longest = self.longest.max(word.len());
        }
    }

    #[inline]
    fn may_begin(&self, number: usize) -> bool {
        self.beginnings[number >> 6] & 1 << (number & 63) != 0
    }

    /// The places in `range` at which three letters stand with which a word begins.
    fn places<'t>(
        &'t self,
        text: &'t [u8],
        range: Range<usize>,
    ) -> impl Iterator<Item = (usize, usize)> + 't {
        let from = range.start;
        let window = text.get(range).unwrap_or_default();
        let (two, rest) = window.split_at(window.len().min(2));
        let mut number = three_letters(two);
        rest.iter().enumerate().filter_map(move |(at, byte)| {
            number = (number << 5 | usize::from(byte & 31)) & (NUMBERS - 1);
            self.may_begin(number).then_some((from + at, number))
        })
    }

    /// Which lists have a word within `bytes` before `at`.
    pub(crate) fn before(&self, text: &[u8], at: usize, bytes: usize) -> Mask {
        let mut mask = Mask::default();
        let text = &text[..at];
        for (place, number) in self.places(text, at.saturating_sub(bytes)..at) {
            self.beginning(&text[place..], number).for_each(|list| mask.add(list));
        }
        mask
    }

    /// The last place in `from..` at which a word begins, and from where on to look again,
    /// because one may have begun there that has not ended.
    pub(crate) fn last(&self, text: &[u8], from: usize) -> (Option<usize>, usize) {
        let end = text.len();
        let mut last = None;
        let mut again = end.saturating_sub(2).max(from);
        for (at, number) in self.places(text, from..end) {
            if self.beginning(&text[at..], number).next().is_some() {
                last = Some(at);
            } else if end - at < self.longest {
                again = again.min(at);
            }
        }
        (last, again)
    }

    /// The lists of the words with which a text begins; `number` is that of its three letters.
    fn beginning<'t>(&'t self, text: &'t [u8], number: usize) -> impl Iterator<Item = u16> + 't {
        let near = self.words[usize::from(self.first[number])..].iter();
        near.take_while(move |(word, _)| three_letters(word.as_bytes()) == number)
            .filter(|(word, _)| {
                text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word.as_bytes()))
            })
            .map(|(_, list)| *list)
    }
}
