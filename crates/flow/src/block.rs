//! Text that was seen, with an index of the places where words begin.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::needle::{Key, Needle, is_grouped};
use crate::normal::{SEPARATOR, byte_at, byte_before, is_turn, is_word, run_end, word_end};
use crate::number;

/// Places of one key that a look-up compares before it gives up.
const MAX_PLACES: usize = 64;

/// Bytes between two words over which a value may go.
const MAX_GAP: usize = 32;

/// Places of one key that a piece of a value is compared with.
const MAX_PIECE_PLACES: usize = 8;

/// Word bytes of the shortest piece that a value may be put together from.
pub(crate) const MIN_PIECE: usize = 3;

/// Longer pieces are found by their first bytes.
const MAX_PIECE: usize = 12;

/// Parts of one word that are indexed.
const MAX_TURNS: usize = 8;

/// Texts under one index. A leaf is what was added at once; no match goes over its end.
pub(crate) struct Block<L> {
    text: Vec<u8>,
    leaves: Vec<Leaf<L>>,
    heads: HashMap<Key, u32, RandomState>,
    places: Vec<Place>,
}

struct Leaf<L> {
    start: u32,
    about: L,
}

struct Place {
    at: u32,
    /// The place before it that has the same key.
    next: Option<u32>,
}

/// How a value stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// Letter by letter but for what is no part of a word.
    Loose,
    /// As it is, inside something longer.
    Part,
    /// As it is, on its own.
    Whole,
}

/// A value at a place.
pub(crate) struct Hit<'a, L> {
    pub(crate) leaf: usize,
    pub(crate) about: &'a L,
    pub(crate) fit: Fit,
    /// Nothing else stands in the leaf.
    pub(crate) is_all: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<L> Default for Block<L> {
    fn default() -> Self {
        Self { text: Vec::new(), leaves: Vec::new(), heads: HashMap::default(), places: Vec::new() }
    }
}

impl<L> Block<L> {
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// About what it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.text.capacity()
            + self.leaves.capacity() * size_of::<Leaf<L>>()
            + self.places.capacity() * size_of::<Place>()
            + self.heads.capacity() * (size_of::<(Key, u32)>() + 1)
    }

    /// Adds normal text as one leaf, whose number it gives.
    pub(crate) fn add(&mut self, text: &str, about: L) -> usize {
        let start = self.text.len();
        self.text.extend_from_slice(text.as_bytes());
        self.leaves.push(Leaf { start: start as u32, about });
        let end = self.text.len();
        let mut at = start;
        while at < end {
            at = match is_word(byte_at(&self.text, at)) {
                true => self.index_word(at),
                false => at + 1,
            };
        }
        self.text.push(SEPARATOR);
        self.leaves.len() - 1
    }

    /// Indexes a word and the parts that digits make of it.
    fn index_word(&mut self, start: usize) -> usize {
        let end = word_end(&self.text, start);
        self.index_place(start, end);
        let mut at = start;
        for _ in 0..MAX_TURNS {
            let turn = run_end(&self.text, at);
            if at > start {
                self.index_place(at, turn);
            } else if turn < end {
                self.link(Key::word(self.text.get(at..turn).unwrap_or_default()), at);
            }
            if turn == end {
                break;
            }
            at = turn;
        }
        end
    }

    fn index_place(&mut self, start: usize, end: usize) {
        self.link(Key::word(self.text.get(start..end).unwrap_or_default()), start);
        if let Some(gram) = Key::gram(&self.text, start) {
            self.link(gram, start);
        }
        let is_inside_number = matches!(byte_before(&self.text, start), b',' | b'.' | b'\'')
            && start.checked_sub(2).is_some_and(|at| byte_at(&self.text, at).is_ascii_digit());
        if byte_at(&self.text, start).is_ascii_digit() && !is_inside_number {
            let (readings, number_end) = number::readings(&self.text, start);
            let spelt = self.text.get(start..number_end).unwrap_or_default().to_vec();
            for reading in readings.iter().filter(|reading| reading.as_bytes() != spelt) {
                self.link(Key::number(reading), start);
            }
        }
    }

    fn link(&mut self, key: Key, at: usize) {
        let number = self.places.len() as u32;
        let next = self.heads.insert(key, number);
        self.places.push(Place { at: at as u32, next });
    }

    /// Calls for each place where the value stands, the newest first, until that says `false`. Gives
    /// `false` where it gave up before it had seen all.
    pub(crate) fn find(&self, needle: &Needle, mut each: impl FnMut(Hit<'_, L>) -> bool) -> bool {
        for key in needle.keys() {
            let mut next = self.heads.get(&key);
            let mut compared = 0;
            while let Some(place) = next.and_then(|number| self.places.get(*number as usize)) {
                if compared == MAX_PLACES {
                    return false;
                }
                compared += 1;
                if let Some(hit) = self.hit(needle, place.at as usize)
                    && !each(hit)
                {
                    return true;
                }
                next = place.next.as_ref();
            }
        }
        true
    }

    fn hit(&self, needle: &Needle, at: usize) -> Option<Hit<'_, L>> {
        let (fit, start, end) = self.fit(needle, at)?;
        let leaf = self.leaves.partition_point(|leaf| leaf.start as usize <= at).checked_sub(1)?;
        let about = &self.leaves.get(leaf)?.about;
        let is_all = self.is_all(start, end);
        Some(Hit { leaf, about, fit, is_all, start, end })
    }

    /// How the value stands where its first word is to begin at a place.
    fn fit(&self, needle: &Needle, at: usize) -> Option<(Fit, usize, usize)> {
        let value = needle.text.as_bytes();
        if let Some(number) = &needle.number {
            let (readings, end) = number::readings(&self.text, at);
            if readings.contains(number) {
                return Some((self.standing(needle, at, end), at, end));
            }
        }
        if let Some(start) = at.checked_sub(needle.begins)
            && self.text.get(start..).is_some_and(|rest| rest.starts_with(value))
        {
            let end = start + value.len();
            let is_cut = needle.word_bytes < crate::needle::GRAM && !self.ends_word(end);
            return (!is_cut).then(|| (self.standing(needle, start, end), start, end));
        }
        let end = self.loosely(value.get(needle.begins..)?, at)?;
        let is_cut = needle.word_bytes < crate::needle::GRAM && !self.ends_word(end);
        let is_same = needle.is_grouped() && is_grouped(self.text.get(at..end)?);
        let fit = match self.standing(needle, at, end) {
            Fit::Whole if is_same => Fit::Whole,
            _ => Fit::Loose,
        };
        (!is_cut).then_some((fit, at, end))
    }

    /// The end of the value where only bytes of words count.
    fn loosely(&self, value: &[u8], at: usize) -> Option<usize> {
        let mut end = at;
        for byte in value.iter().filter(|byte| is_word(**byte)) {
            end = self.next_word_byte(end);
            if byte_at(&self.text, end) != *byte {
                return None;
            }
            end += 1;
        }
        Some(end)
    }

    /// The next byte of a word, if one is near and in the same leaf.
    fn next_word_byte(&self, at: usize) -> usize {
        let gap = self.text.get(at..).unwrap_or_default().iter().take(MAX_GAP);
        at + gap.take_while(|byte| !is_word(**byte) && **byte != SEPARATOR).count()
    }

    fn ends_word(&self, end: usize) -> bool {
        let (last, after) = (byte_before(&self.text, end), byte_at(&self.text, end));
        !is_word(last) || !is_word(after) || is_turn(last, after)
    }

    /// Whether the bytes around a place make it a part of something longer.
    fn standing(&self, needle: &Needle, start: usize, end: usize) -> Fit {
        let text = &self.text;
        let before = is_word(byte_before(text, start))
            || (is_joint(byte_before(text, start))
                && start.checked_sub(2).is_some_and(|at| is_word(byte_at(text, at))));
        let after = is_word(byte_at(text, end))
            || (is_joint(byte_at(text, end)) && is_word(byte_at(text, end + 1)));
        match (needle.is_plain, before || after) {
            (false, _) => Fit::Loose,
            (true, true) => Fit::Part,
            (true, false) => Fit::Whole,
        }
    }

    /// Whether a leaf holds no word besides those of a place.
    fn is_all(&self, start: usize, end: usize) -> bool {
        let ends = |byte: &u8| is_word(*byte) || *byte == SEPARATOR;
        let before = self.text.get(..start).unwrap_or_default().iter().rev();
        let after = self.text.get(end..).unwrap_or_default().iter();
        let before = before.take(MAX_GAP + 1).find(|byte| ends(byte));
        let after = after.take(MAX_GAP + 1).find(|byte| ends(byte));
        // Before the first leaf there is nothing.
        let begins = before.map_or(start <= MAX_GAP, |byte| *byte == SEPARATOR);
        begins && after == Some(&SEPARATOR)
    }

    pub(crate) fn about(&self, leaf: usize) -> Option<&L> {
        self.leaves.get(leaf).map(|leaf| &leaf.about)
    }

    /// A leaf's normal text; none of one that is longer than so many bytes.
    pub(crate) fn leaf(&self, leaf: usize, most: usize) -> &str {
        let start = self.leaves.get(leaf).map_or(0, |leaf| leaf.start as usize);
        let end = self.leaves.get(leaf + 1).map_or(self.text.len(), |leaf| leaf.start as usize);
        let text = self.text.get(start..end.saturating_sub(1)).filter(|text| text.len() <= most);
        std::str::from_utf8(text.unwrap_or_default()).unwrap_or_default()
    }

    /// The words next to a place, so many to each side, within its leaf.
    pub(crate) fn around(&self, start: usize, end: usize, words: usize) -> Vec<&[u8]> {
        let mut found = Vec::with_capacity(2 * words);
        let mut at = end;
        for _ in 0..words {
            let begin = self.next_word_byte(at);
            at = word_end(&self.text, begin);
            found.extend(self.text.get(begin..at));
        }
        let mut at = start;
        for _ in 0..words {
            let before = self.text.get(..at).unwrap_or_default().iter().rev();
            let gap = before.take(MAX_GAP).take_while(|b| !is_word(**b) && **b != SEPARATOR);
            let finish = at - gap.count();
            let before = self.text.get(..finish).unwrap_or_default().iter().rev();
            at = finish - before.take_while(|byte| is_word(**byte)).count();
            found.extend(self.text.get(at..finish));
        }
        found
    }

    /// The longest stretch from a place of the value on that stands somewhere, in word bytes of it.
    /// `is_thorough` looks for words inside an unbroken value too.
    pub(crate) fn longest(
        &self,
        value: &[u8],
        at: usize,
        is_thorough: bool,
    ) -> Option<(usize, &L)> {
        let end = word_end(value, at);
        let word = |end: usize| Key::word(value.get(at..end).unwrap_or_default());
        let inner = (at + MIN_PIECE..end.min(at + MAX_PIECE)).rev().map(word);
        let inner = inner.take(if is_thorough { MAX_PIECE } else { 0 });
        let mut keys = Key::gram(value, at).into_iter().chain([word(end)]).chain(inner);
        let (length, at) = keys.find_map(|key| self.longest_of(key, value, at))?;
        let leaf = self.leaves.partition_point(|leaf| leaf.start as usize <= at).checked_sub(1)?;
        Some((length, self.about(leaf)?))
    }

    /// Among the newest places of a key.
    fn longest_of(&self, key: Key, value: &[u8], at: usize) -> Option<(usize, usize)> {
        let mut next = self.heads.get(&key);
        let places = std::iter::from_fn(|| {
            let place = self.places.get(*next? as usize)?;
            next = place.next.as_ref();
            Some(place.at as usize)
        });
        let stretches = places.take(MAX_PIECE_PLACES);
        stretches.map(|place| (self.common(value, at, place), place)).max()
    }

    /// How many word bytes two places have in common.
    fn common(&self, value: &[u8], at: usize, mut place: usize) -> usize {
        let words = value.get(at..).unwrap_or_default().iter().filter(|byte| is_word(**byte));
        let mut count = 0;
        for byte in words {
            place = self.next_word_byte(place);
            if byte_at(&self.text, place) != *byte {
                break;
            }
            place += 1;
            count += 1;
        }
        count
    }
}

/// What joins words to one address, name or number.
fn is_joint(byte: u8) -> bool {
    matches!(
        byte,
        b'@' | b'.' | b'-' | b'_' | b'/' | b'+' | b':' | b'=' | b'%' | b'&' | b'#' | b'~'
    )
}
