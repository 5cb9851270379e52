//! One walk for all that is written in digits and capitals: cards, accounts, telephones, places,
//! numbers by which somebody is known.
//!
//! What each of them is written with is part of one class. Most runs of that class are short, and
//! are dismissed for all of them at once.

use std::ops::Range;

use super::identifiers::MIN_IDENTIFIER;
use super::numbers::{self, MIN_IBAN, MIN_NUMBER};
use super::tokens::run_end;
use super::{Engine, Keywords, coordinates, phones};
use crate::blocks;
use crate::detectors::class;
use crate::engine::resolve::Candidate;

/// What any of them is written with.
pub(super) static WRITTEN: [bool; 256] = class("0-9A-Z ().+,/-");

/// The shortest of them.
pub(super) const SHORTEST: usize = 7;

const _: () = assert!(SHORTEST <= MIN_IDENTIFIER && SHORTEST <= phones::MIN_PHONE);

/// As [`WRITTEN`] has it, without a look into a table.
#[inline]
fn is_written(byte: u8) -> bool {
    matches!(byte, b'('..=b')' | b'+'..=b'9' | b'A'..=b'Z' | b' ')
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) cards: bool,
    pub(crate) accounts: bool,
    pub(crate) phones: bool,
    pub(crate) places: bool,
    pub(crate) identifiers: bool,
}

impl Wanted {
    pub(super) const ALL: Self =
        Self { cards: true, accounts: true, phones: true, places: true, identifiers: true };
    /// What a member's name may say of its value.
    pub(super) const NAMED: Self = Self { cards: false, accounts: false, ..Self::ALL };

    /// What is left of it where there is no digit: business identifier codes.
    pub(super) fn without_digits(self) -> Self {
        let none = false;
        Self { cards: none, accounts: none, phones: none, places: none, ..self }
    }
}

impl Engine {
    /// Adds every number that is wanted and begins in the range; the text may go on after it.
    pub(super) fn find_figures(
        &self,
        wanted: Wanted,
        text: &[u8],
        range: Range<usize>,
        keywords: Keywords,
        found: &mut Vec<Candidate>,
    ) {
        let (rules, context) = (&self.rules, &self.identifiers.context);
        // Each reads the words before it forwards.
        let mut near = [(); 3].map(|()| context.reader(keywords));
        let [of_phones, of_places, of_identifiers] = &mut near;
        let (from, last) = (range.start, range.end);
        let window = text.get(from..text.len().min(last + SHORTEST - 1)).unwrap_or_default();
        for start in blocks::long_runs::<SHORTEST>(window, is_written).map(|at| from + at) {
            let end = run_end(&WRITTEN, text, start + SHORTEST);
            let (length, to) = (end - start, end.min(last));
            if wanted.identifiers {
                self.identifiers.find(text, start, to, of_identifiers, found);
            }
            // Only business identifier codes may have no digit.
            if !text[start..end].iter().any(u8::is_ascii_digit) {
                continue;
            }
            if wanted.cards && length >= MIN_NUMBER {
                numbers::find(rules, text, start, to, found);
            }
            if wanted.phones {
                phones::find((rules.phone, of_phones), text, start, to, found);
            }
            if wanted.places && length >= coordinates::MIN_PAIR {
                coordinates::find((rules.coordinates, of_places), text, start, to, found);
            }
            if wanted.accounts && length >= MIN_IBAN {
                numbers::find_accounts(rules, text, start, to, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::numbers::{ACCOUNT, NUMERIC};
    use crate::engine::{coordinates, identifiers};

    #[test]
    fn all_that_each_is_written_with_is_looked_at() {
        for own in
            [&NUMERIC, &ACCOUNT, &phones::WRITTEN, &coordinates::WRITTEN, &identifiers::WRITTEN]
        {
            assert!((0..256).all(|byte| !own[byte] || WRITTEN[byte]));
        }
        assert!((0..=255).all(|byte| is_written(byte) == WRITTEN[usize::from(byte)]));
    }
}
