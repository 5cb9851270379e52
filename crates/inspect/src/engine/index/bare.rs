//! Formats without a prefix: told apart by the class of characters that they begin with, and by how
//! many of them there are. One look at a run's characters serves all classes at once.

use std::ops::Range;

use super::Entry;
use crate::detectors::{Class, Part};

/// The classes that formats without a prefix may begin with.
const MAX_CLASSES: usize = 32;

#[derive(Debug)]
pub(super) struct Bare {
    /// Those without keywords first.
    entries: Vec<Entry>,
    /// How many of them have no keywords.
    free: usize,
    /// Which classes a byte is in, a bit each.
    classes_of: Vec<u32>,
    classes: Vec<Beginning>,
    /// Those without digits, a bit each.
    wordlike: u32,
    /// Bytes of the shortest match.
    pub(super) shortest: usize,
    /// The longest beginning that must be counted.
    longest: usize,
}

/// The formats that begin with one class.
#[derive(Debug)]
struct Beginning {
    class: Class,
    /// How many characters of the class may stand there, and whose these are.
    counts: Vec<(Range<usize>, usize)>,
    /// The formats for each count, up to one more than the longest.
    of_count: Vec<Vec<u16>>,
}

impl Beginning {
    fn has_digits(&self) -> bool {
        self.class[usize::from(b'0')]
    }
}

/// A run of this many letters and digits without a digit is a word, not what a machine drew.
const WORD: usize = 16;

impl Bare {
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.list.is_some());
        let mut bare = Self {
            free: entries.partition_point(|entry| entry.list.is_none()),
            shortest: entries.iter().map(|entry| entry.shortest).min().unwrap_or(usize::MAX),
            classes_of: vec![0; 256],
            classes: Vec::new(),
            wordlike: 0,
            longest: 0,
            entries,
        };
        for at in 0..bare.entries.len() {
            bare.add(at);
        }
        for beginning in &mut bare.classes {
            let fits = |count| {
                let fitting = beginning.counts.iter().filter(|(counts, _)| counts.contains(&count));
                fitting.map(|(_, entry)| *entry as u16).collect()
            };
            beginning.of_count = (0..=bare.longest + 1).map(fits).collect();
        }
        for (bit, beginning) in bare.classes.iter().enumerate() {
            bare.wordlike |= u32::from(!beginning.has_digits()) << bit;
            for (byte, classes) in bare.classes_of.iter_mut().enumerate() {
                *classes |= u32::from(beginning.class[byte]) << bit;
            }
        }
        bare
    }

    fn add(&mut self, at: usize) {
        let Some((class, counts)) = self.entries[at].parts.first().and_then(beginning) else {
            return;
        };
        let most = if counts.end == usize::MAX { counts.start } else { counts.end };
        self.longest = self.longest.max(most);
        let known = self.classes.iter().position(|known| known.class == *class);
        let known = known.unwrap_or_else(|| {
            let (counts, of_count) = (Vec::new(), Vec::new());
            self.classes.push(Beginning { class: *class, counts, of_count });
            self.classes.len() - 1
        });
        self.classes[known].counts.push((counts, at));
    }

    pub(super) fn entries(&self, with_keywords: bool) -> &[Entry] {
        if with_keywords { &self.entries } else { &self.entries[..self.free] }
    }

    /// Calls `judge` with each format whose beginning stands at `at`. `has_digits` says whether
    /// the run that holds it has any: most values that could have some, do.
    #[inline]
    pub(super) fn at(
        &self,
        text: &[u8],
        at: usize,
        has_digits: bool,
        mut judge: impl FnMut(&Entry),
    ) {
        let possible = if has_digits { u32::MAX } else { self.wordlike };
        if joins(text, at) {
            return;
        }
        let before = text[..at].last().copied().unwrap_or(b' ');
        // A value begins where its characters begin; a letter before it belongs to an escape.
        let glued = if before.is_ascii_alphanumeric() { 0 } else { self.of(before) };
        let mut live = possible & !glued & (u32::MAX >> (MAX_CLASSES - self.classes.len()));
        if live == 0 {
            return;
        }
        let mut has_digit = false;
        let rest = &text[at..];
        for (count, byte) in rest.iter().take(self.longest + 1).enumerate() {
            let ended = live & !self.of(*byte);
            if ended != 0 {
                live &= !ended;
                self.ended(ended, count, has_digit, &mut judge);
                if live == 0 {
                    return;
                }
            }
            has_digit |= byte.is_ascii_digit();
        }
        self.ended(live, rest.len().min(self.longest + 1), has_digit, &mut judge);
    }

    #[inline]
    fn of(&self, byte: u8) -> u32 {
        self.classes_of[usize::from(byte)]
    }

    /// After `count` characters these classes end.
    #[inline]
    fn ended(
        &self,
        mut classes: u32,
        count: usize,
        has_digit: bool,
        judge: &mut impl FnMut(&Entry),
    ) {
        let is_word = !has_digit && count >= WORD;
        while classes != 0 {
            let class = &self.classes[classes.trailing_zeros() as usize];
            classes &= classes - 1;
            if is_word && class.has_digits() {
                continue;
            }
            for entry in &class.of_count[count] {
                judge(&self.entries[usize::from(*entry)]);
            }
        }
    }
}

/// Whether a dash or an underscore joins what begins at `at` to something before it.
pub(super) fn joins(text: &[u8], at: usize) -> bool {
    matches!(text[..at], [.., b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_', b'-' | b'_'])
}

/// The class that a pattern begins with, and how many characters of it there may be.
fn beginning(part: &Part) -> Option<(&Class, Range<usize>)> {
    match part {
        Part::Run { of, min, max, open: false } => Some((of, *min..*max + 1)),
        Part::Run { of, min, open: true, .. } => Some((of, *min..usize::MAX)),
        Part::Take { of, count } => Some((of, *count..usize::MAX)),
        Part::Text(_) => None,
    }
}
