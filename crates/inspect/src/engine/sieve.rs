//! Looks over a JSON text as it stands, escapes unresolved, for places where something might be
//! found: nearly every string, key and number has none, and needs no look of its own.
//!
//! The sieve may suspect too much, never too little. For a leaf without `\u` and `\/` that holds:
//! the other escapes stand for a quote, a backslash or a control character. None of those can be
//! part of a value, no more than the backslash and quote that stand there in the raw text; and
//! the letter of an escape glues to no value, because [`index::is_boundary`] knows escapes.
//! Keywords, whose distance the escapes change, are taken to be there.
//!
//! [`index::is_boundary`]: super::index::is_boundary

use std::ops::Range;

use super::figures::Wanted;
use super::identifiers::{MIN_IDENTIFIER, WRITTEN};
use super::numbers::{ACCOUNT, MIN_IBAN, next_digits};
use super::tokens::next_run;
use super::{
    Engine, Keywords, armour, assignments, coordinates, hosts,
    index::MIN_TOKEN,
    machine_readable, mnemonics, phones,
    smuggling::{self, Wrapper},
    tokens,
};

/// More places than this are not listed: then everything is suspect.
const MAX_SUSPECTS: usize = 1 << 16;

/// Texts up to this length are worth a look of their own before the passes.
const SHORT_BYTES: usize = 32;

/// Places of one text, asked for from its start to its end.
#[derive(Debug, Default)]
pub(crate) struct Suspects {
    places: Vec<usize>,
    next: usize,
    /// Everything is suspect.
    all: bool,
    /// Leaves with any escape are suspect.
    escaped: bool,
    /// Whether a private key may begin somewhere.
    pub(crate) has_armour: bool,
}

impl Suspects {
    /// Every leaf is suspect.
    #[cfg(test)]
    pub(crate) fn all() -> Self {
        Self { all: true, has_armour: true, ..Self::default() }
    }

    /// Whether something might be found in a leaf. Leaves are asked for in order.
    #[inline]
    pub(crate) fn concern(&mut self, leaf: &Range<usize>, escaped: bool) -> bool {
        while self.places.get(self.next).is_some_and(|place| *place < leaf.start) {
            self.next += 1;
        }
        self.all
            || (self.escaped && escaped)
            || self.places.get(self.next).is_some_and(|place| *place < leaf.end)
    }
}

impl Engine {
    /// Where in a JSON text something might be found.
    pub(crate) fn suspects(&self, text: &[u8]) -> Suspects {
        let mut suspects = Suspects::default();
        let mut found = Vec::new();
        tokens::find(&self.index, text, 0, text.len(), Keywords::Assumed, &mut found);
        self.find_figures(Wanted::ALL, text, 0..text.len(), Keywords::Assumed, &mut found);
        hosts::find(&self.rules, text, 0, text.len(), &mut found);
        machine_readable::find(&self.rules, text, 0, text.len(), &mut found);
        let (phrases, gap) = (self.rules.mnemonic, mnemonics::RAW_GAP_BYTES);
        mnemonics::find(phrases, text, 0..text.len(), gap, &mut found);
        let whole = (0, text.len());
        smuggling::find(&self.rules, text, whole, &mut Wrapper::default(), &mut found);
        let places = &mut suspects.places;
        places.extend(found.iter().map(|candidate| candidate.start));
        // Mail addresses and passwords in URLs; text behind an encoding.
        places.extend(memchr::memchr_iter(b'@', text).take(MAX_SUSPECTS));
        places.extend(crate::views::places(text).take(MAX_SUSPECTS));
        places.extend(assignments::places(text).take(MAX_SUSPECTS));
        let known = places.len();
        places.extend(self.rules.dashes.find_iter(text).take(MAX_SUSPECTS));
        suspects.has_armour = places.len() > known;
        for words in &self.words {
            places.extend(words.places(text).take(MAX_SUSPECTS));
            suspects.escaped |= words.need_escapes();
        }
        for records in &self.records {
            places.extend(records.places(text, MAX_SUSPECTS));
            suspects.escaped = true;
        }
        suspects.all = places.len() >= MAX_SUSPECTS;
        places.sort_unstable();
        suspects
    }

    /// Whether a short text holds nothing that any pass could find. False for longer ones.
    #[inline]
    pub(crate) fn is_plainly_clean(&self, text: &[u8]) -> bool {
        text.len() <= SHORT_BYTES
            && self.words.is_empty()
            && self.records.is_empty()
            && !text.contains(&b'@')
            && text.is_ascii()
            && assignments::places(text).next().is_none()
            && next_digits(text, 0, text.len()).is_none()
            && next_run(&WRITTEN, MIN_IDENTIFIER, text, 0, text.len()).is_none()
            && next_run(&phones::WRITTEN, phones::MIN_PHONE, text, 0, text.len()).is_none()
            && next_run(&coordinates::WRITTEN, coordinates::MIN_PAIR, text, 0, text.len()).is_none()
            && next_run(&hosts::COLONS, hosts::SHORTEST, text, 0, text.len()).is_none()
            && (text.len() < MIN_IBAN || self.is_free_of_runs(text))
    }

    /// Whether there is neither an account number nor a token. A private key needs more room.
    fn is_free_of_runs(&self, text: &[u8]) -> bool {
        const { assert!(SHORT_BYTES < armour::LINE_BYTES && MIN_IBAN <= MIN_TOKEN) };
        !self.index.may_begin(text) && next_run(&ACCOUNT, MIN_IBAN, text, 0, text.len()).is_none()
    }
}
