//! The gazetteers under `data/`, compiled into one table from a word's hash to the lists it is on.

use std::sync::LazyLock;

use super::fold;
use super::token::Form;

const SOURCES: [&str; 4] = [
    include_str!("data/given.txt"),
    include_str!("data/surnames.txt"),
    include_str!("data/places.txt"),
    include_str!("data/words.txt"),
];
const COMMON_WORDS: &str = include_str!("data/common.txt");

pub(super) const GIVEN: u32 = 1;
pub(super) const SURNAME: u32 = 1 << 1;
pub(super) const CITY: u32 = 1 << 2;
pub(super) const COUNTRY: u32 = 1 << 3;
pub(super) const REGION: u32 = 1 << 4;
pub(super) const CODE: u32 = 1 << 5;
pub(super) const TITLE: u32 = 1 << 6;
pub(super) const ROLE: u32 = 1 << 7;
pub(super) const LABEL: u32 = 1 << 8;
pub(super) const PARTICLE: u32 = 1 << 9;
pub(super) const STREET: u32 = 1 << 10;
pub(super) const UNIT: u32 = 1 << 11;
pub(super) const ORG_SUFFIX: u32 = 1 << 12;
pub(super) const ORG_WORD: u32 = 1 << 13;
pub(super) const TIME: u32 = 1 << 14;
pub(super) const NATION: u32 = 1 << 15;
pub(super) const PRODUCT: u32 = 1 << 16;
pub(super) const COMMON: u32 = 1 << 17;
/// Ends like a street: `Lindenstraße`, `Keizersgracht`.
pub(super) const STREET_END: u32 = 1 << 18;
/// Part of a place of several words.
pub(super) const PART: u32 = 1 << 19;
/// Begins a place of several words.
pub(super) const STARTS: u32 = 1 << 20;

/// A word that ends like a street must have this much before the end.
const MIN_STREET_STEM: usize = 3;

/// The entries of the gazetteers under one tag of one file, in order: the file (0 given names, 1
/// surnames, 2 places, 3 words), the tag, the entry.
pub fn entries() -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    SOURCES.iter().enumerate().flat_map(|(file, source)| {
        source.lines().filter_map(|line| line.split_once(": ")).flat_map(move |(tag, list)| {
            list.split(", ").map(move |entry| (file, tag, entry.trim()))
        })
    })
}

/// Frequent words that are no names, each with its language.
pub fn common_words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = COMMON_WORDS.lines().filter_map(|line| line.split_once(": "));
    lines.flat_map(|(language, words)| words.split_whitespace().map(move |word| (language, word)))
}

fn bit(file: usize, tag: &str) -> u32 {
    match (file, tag) {
        (0, _) => GIVEN,
        (1, _) => SURNAME,
        (_, "city") => CITY,
        (_, "country") => COUNTRY,
        (_, "region") => REGION,
        (_, "code") => CODE,
        (_, "title") => TITLE,
        (_, "role") => ROLE,
        (_, "label") => LABEL,
        (_, "particle") => PARTICLE,
        (_, "street") => STREET,
        (_, "streetsuffix") => STREET_END,
        (_, "unit") => UNIT,
        (_, "orgsuffix") => ORG_SUFFIX,
        (_, "orgword") => ORG_WORD,
        (_, "time") => TIME,
        (_, "nationality") => NATION,
        (_, "product") => PRODUCT,
        _ => 0,
    }
}

/// Open addressing with linear probing, at most half full.
struct Table {
    slots: Vec<(u32, u32)>,
}

/// Slots of the table; more than twice the entries.
const SLOTS: usize = 1 << 15;

impl Table {
    fn build() -> Self {
        let mut table = Self { slots: vec![(0, 0); SLOTS] };
        for (file, tag, entry) in entries() {
            table.add_entry(entry, bit(file, tag), file == 2);
        }
        for (_, word) in common_words() {
            table.add(fold::word(word), COMMON);
        }
        table
    }

    /// A place of several words is known as a whole; of other names each word counts for itself.
    fn add_entry(&mut self, entry: &str, bits: u32, is_place: bool) {
        let is_gap = |c: char| c == ' ' || c == '-' || c == '.' || c == '\'';
        let words: Vec<u32> =
            entry.split(is_gap).filter(|word| !word.is_empty()).map(fold::word).collect();
        match (words.as_slice(), is_place) {
            ([first, rest @ ..], true) if !rest.is_empty() => {
                self.add(*first, STARTS);
                self.add(joined(words.iter().copied()), bits);
            }
            ([word], _) => self.add(*word, bits),
            (_, true) => {}
            (words, false) => {
                // `van der Linden`: only the last word is the name.
                if let Some(last) = words.last() {
                    self.add(*last, bits);
                }
            }
        }
    }

    fn add(&mut self, hash: u32, bits: u32) {
        let hash = hash.max(1);
        let mut at = slot(hash);
        while let Some((held, have)) = self.slots.get_mut(at) {
            if *held == hash || *held == 0 {
                *held = hash;
                *have |= bits;
                return;
            }
            at = (at + 1) % SLOTS;
        }
    }

    fn find(&self, hash: u32) -> u32 {
        let hash = hash.max(1);
        let mut at = slot(hash);
        loop {
            match self.slots.get(at) {
                Some((held, bits)) if *held == hash => return *bits,
                Some((0, _)) | None => return 0,
                Some(_) => at = (at + 1) % SLOTS,
            }
        }
    }
}

fn slot(hash: u32) -> usize {
    (hash.wrapping_mul(0x9E37_79B1) >> 17) as usize
}

/// The hash of several words as one entry.
fn joined(words: impl Iterator<Item = u32>) -> u32 {
    words.fold(0x5bd1_e995, |hash, word| (hash ^ word).wrapping_mul(0x0100_0193).rotate_left(7))
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::build);
static STREET_ENDS: LazyLock<StreetEnds> = LazyLock::new(StreetEnds::build);

/// The ends of words for streets. Nearly every word is dismissed by a hash of its last letters.
struct StreetEnds {
    ends: Vec<Vec<char>>,
    possible: [bool; 256],
}

impl StreetEnds {
    fn build() -> Self {
        let entries = entries().filter(|(_, tag, _)| *tag == "streetsuffix");
        let ends: Vec<Vec<char>> =
            entries.map(|(_, _, entry)| entry.chars().map(fold::fold).collect()).collect();
        let mut possible = [false; 256];
        for end in &ends {
            let last = end.iter().skip(end.len().saturating_sub(3)).copied();
            if let Some(place) = possible.get_mut(last.fold(fold::SEED, fold::step) as usize % 256)
            {
                *place = true;
            }
        }
        Self { ends, possible }
    }

    fn end(&self, letters: &[char], last_three: u32) -> bool {
        let fits = |end: &Vec<char>| {
            letters.len() >= end.len() + MIN_STREET_STEM && letters.ends_with(end)
        };
        self.possible.get(last_three as usize % 256) == Some(&true) && self.ends.iter().any(fits)
    }
}

/// The lists that a single word is on; with the hash of its last three letters.
pub(super) fn of_word(hash: u32, form: Form, letters: &[char], last_three: u32) -> u32 {
    if matches!(form, Form::Digits | Form::Mixed) {
        return 0;
    }
    let mut bits = TABLE.find(hash) & !STREET_END;
    if form != Form::Upper {
        bits &= !CODE;
    }
    if bits & COMMON == 0 && STREET_ENDS.end(letters, last_three) {
        bits |= STREET_END;
    }
    bits
}

/// Words in the longest place that is known as a whole.
pub(super) const MAX_PLACE_WORDS: usize = 4;

/// The lists that several words are on together.
pub(super) fn of_words(words: impl Iterator<Item = u32>) -> u32 {
    TABLE.find(joined(words)) & (CITY | COUNTRY | REGION)
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn bits(text: &str) -> u32 {
        tokens(text).next().unwrap().lists
    }

    #[test]
    fn words_are_on_their_lists_whatever_their_case() {
        assert_ne!(bits("Margaret") & GIVEN, 0);
        assert_ne!(bits("MARGARET") & GIVEN, 0);
        assert_ne!(bits("jürgen") & GIVEN, 0);
        assert_ne!(bits("Lindenstraße") & STREET_END, 0);
        assert_ne!(bits("GmbH") & ORG_SUFFIX, 0);
        assert_ne!(bits("CA") & CODE, 0);
        assert_eq!(bits("ca") & CODE, 0);
        assert_eq!(bits("qwrtz"), 0);
    }

    #[test]
    fn the_table_is_at_most_half_full() {
        let used = TABLE.slots.iter().filter(|(hash, _)| *hash != 0).count();
        assert!(used > 4000 && used * 2 < SLOTS, "{used}");
    }
}
