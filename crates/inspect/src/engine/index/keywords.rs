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
    /// The same, hashed, for four letters; whatever follows a word of three.
    fours: Vec<u64>,
    /// The first word that begins with three letters.
    first: Vec<u16>,
    /// Sorted by their first three letters.
    words: Vec<(Cow<'static, str>, u16)>,
    lists: Vec<Words>,
    longest: usize,
}

/// How many numbers there are of three letters.
const NUMBERS: usize = 1 << 15;

/// The same of four, hashed.
const FOURS: usize = 1 << 14;

/// A number for the first three letters of a text, capital or small.
fn three_letters(text: &[u8]) -> usize {
    text.iter().take(3).fold(0, |sum, byte| sum << 5 | usize::from(byte & 31))
}

/// The bit of three letters, by their number, and a fourth.
#[inline]
fn of_four(number: usize, fourth: u8) -> (usize, u64) {
    let letters = (number << 5) as u32 | u32::from(fourth & 31);
    let hash = letters.wrapping_mul(0x9e37_79b1) >> (u32::BITS - FOURS.ilog2());
    ((hash >> 6) as usize, 1 << (hash & 63))
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
        self.fours = vec![0; FOURS / 64];
        self.first = vec![0; NUMBERS];
        self.words.sort_by_key(|(word, _)| three_letters(word.as_bytes()));
        for (at, (word, _)) in self.words.iter().enumerate().rev() {
            let number = three_letters(word.as_bytes());
            self.first[number] = at as u16;
            self.beginnings[number >> 6] |= 1 << (number & 63);
            self.longest = self.longest.max(word.len());
            let fourth = word.as_bytes().get(3).map_or(0..=31, |fourth| *fourth..=*fourth);
            for (place, bit) in fourth.map(|fourth| of_four(number, fourth)) {
                self.fours[place] |= bit;
            }
        }
    }

    /// Whether a word may begin with the first letters of a text, whose three are a beginning: by
    /// chance they often are, with a fourth seldom.
    #[inline]
    fn may_go_on(&self, text: &[u8], number: usize) -> bool {
        text.get(3).is_none_or(|fourth| {
            let (place, bit) = of_four(number, *fourth);
            self.fours[place] & bit != 0
        })
    }

    #[inline]
    fn may_begin(&self, number: usize) -> bool {
        self.beginnings[number >> 6] & 1 << (number & 63) != 0
    }

    /// Shows the places in `range` at which three letters stand with which a word begins.
    #[inline]
    fn places(&self, text: &[u8], range: Range<usize>, mut show: impl FnMut(usize, usize)) {
        let from = range.start;
        let window = text.get(range).unwrap_or_default();
        let (two, rest) = window.split_at(window.len().min(2));
        let mut number = three_letters(two);
        for (at, byte) in rest.iter().enumerate() {
            number = (number << 5 | usize::from(byte & 31)) & (NUMBERS - 1);
            if self.may_begin(number) && self.may_go_on(&text[from + at..], number) {
                show(from + at, number);
            }
        }
    }

    /// Which lists have a word within `bytes` before `at`.
    pub(crate) fn before(&self, text: &[u8], at: usize, bytes: usize) -> Mask {
        let mut mask = Mask::default();
        let text = &text[..at];
        self.places(text, at.saturating_sub(bytes)..at, |place, number| {
            self.beginning(&text[place..], number).for_each(|list| mask.add(list));
        });
        mask
    }

    /// The last place in `from..` at which a word begins, and from where on to look again,
    /// because one may have begun there that has not ended.
    pub(crate) fn last(&self, text: &[u8], from: usize) -> (Option<usize>, usize) {
        let end = text.len();
        let mut last = None;
        let mut again = end.saturating_sub(2).max(from);
        self.places(text, from..end, |at, number| {
            if self.beginning(&text[at..], number).next().is_some() {
                last = Some(at);
            } else if end - at < self.longest && self.is_cut_off(&text[at..], number) {
                again = again.min(at);
            }
        });
        (last, again)
    }

    /// Whether a text ends within a word; `number` is that of its three letters.
    fn is_cut_off(&self, text: &[u8], number: usize) -> bool {
        let is_of = |word: &[u8]| {
            word.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text))
        };
        self.near(number).any(|(word, _)| is_of(word.as_bytes()))
    }

    /// The words that begin with three letters.
    fn near(&self, number: usize) -> impl Iterator<Item = &(Cow<'static, str>, u16)> {
        let near = self.words[usize::from(self.first[number])..].iter();
        near.take_while(move |(word, _)| three_letters(word.as_bytes()) == number)
    }

    /// The lists of the words with which a text begins; `number` is that of its three letters.
    fn beginning<'t>(&'t self, text: &'t [u8], number: usize) -> impl Iterator<Item = u16> + 't {
        let is_at = move |word: &str| {
            text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word.as_bytes()))
        };
        self.near(number).filter(move |(word, _)| is_at(word)).map(|(_, list)| *list)
    }
}
