//! Finds numbers by which somebody is known: identity cards, taxes, insurance, vehicles, dates of
//! birth.
//!
//! One walk over the text reads what stands at the start of a word as groups of digits and capitals
//! with single separators between them. How it is grouped is a number, its *shape*; the shapes of
//! all declarations are one sorted table, so a hundred formats cost one look-up. Only what has the
//! shape is checked, and only for what passes its check are the words before it looked at.

mod context;
mod shape;

use std::ops::Range;

use crate::detectors::{Declaration, Form, class};
use crate::engine::index::is_boundary;
use crate::engine::resolve::Candidate;
use crate::engine::tokens::{next_run, run_end};
pub(crate) use context::{Context, Near};
use shape::{Entry, Mask, Shape, shapes};

/// The shortest number with its separators.
pub(crate) const MIN_IDENTIFIER: usize = 7;

/// The longest number with its separators.
pub(crate) const IDENTIFIER_BYTES: usize = 40;

/// The most letters and digits of one number.
const CODE: usize = 24;

/// The longest run of capitals in a number that has digits; a business identifier code has more.
const LETTERS: usize = 11;

/// What a number is written with.
pub(crate) static WRITTEN: [bool; 256] = class("0-9A-Z ()./-");

/// The declarations with [`Form::Identifier`], by shape.
#[derive(Debug)]
pub(crate) struct Identifiers {
    entries: Vec<Entry>,
    /// A bit for each shape, hashed: dismisses most of what is no number.
    known: [u64; 64],
    pub(crate) context: Context,
    /// All rules that it reports.
    pub(crate) rules: Vec<u16>,
}

impl Identifiers {
    pub(crate) fn new(catalogue: &'static [Declaration]) -> Self {
        let mut entries = Vec::new();
        let mut rules = Vec::new();
        for (rule, declared) in catalogue.iter().enumerate() {
            let Form::Identifier { written } = declared.form else { continue };
            rules.push(rule as u16);
            for form in written {
                entries.extend(shapes(form, declared, rule as u16));
            }
        }
        // Without a word before it, only the first of a shape are of interest.
        entries.sort_by_key(|entry| (entry.shape, entry.needs_word, entry.rule));
        let mut known = [0; 64];
        for entry in &entries {
            let (word, bit) = entry.shape.bit();
            known[word] |= bit;
        }
        Self { entries, known, context: Context::new(catalogue), rules }
    }

    /// Adds every number that begins in `from..to`; the text may go on after `to`.
    pub(crate) fn find(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        near: &mut Near<'_>,
        out: &mut Vec<Candidate>,
    ) {
        let mut at = from;
        while let Some(start) = next_run(&WRITTEN, MIN_IDENTIFIER, text, at, to) {
            let end = run_end(&WRITTEN, text, start + MIN_IDENTIFIER);
            // No number fits into the last bytes of the run.
            for begin in start..(end - MIN_IDENTIFIER + 1).min(to) {
                if begins(text, begin) {
                    self.judge(text, begin, near, out);
                }
            }
            at = end + 1;
        }
    }

    /// Tries every end that groups give to what begins at `at`.
    fn judge(&self, text: &[u8], at: usize, near: &mut Near<'_>, out: &mut Vec<Candidate>) {
        let mut code = Code::default();
        let mut reader = Reader::new(text, at);
        while let Some(shape) = reader.group(&mut code) {
            if self.has(shape) && ends(text, &reader) {
                let has_words = near.advance(text, at);
                self.report(shape, &code, at..reader.at, has_words.then_some(&*near), out);
            }
        }
    }

    fn has(&self, shape: Shape) -> bool {
        let (word, bit) = shape.bit();
        self.known[word] & bit != 0
    }

    /// Adds what the code may be: what the longest word before it names, or else what needs none.
    fn report(
        &self,
        shape: Shape,
        code: &Code,
        range: Range<usize>,
        near: Option<&Near<'_>>,
        out: &mut Vec<Candidate>,
    ) {
        let first = self.entries.partition_point(|entry| entry.shape < shape);
        let before = out.len();
        let mut longest = 0;
        for entry in self.entries[first..].iter().take_while(|entry| entry.shape == shape) {
            if near.is_none() && entry.needs_word {
                break;
            }
            let word = near.map_or(0, |near| near.longest(entry.rule));
            let is_known = word >= longest && (word > 0 || !entry.needs_word);
            if !is_known || !entry.fits(code.letters) || !(entry.check)(code.bytes()) {
                continue;
            }
            if word > longest {
                out.truncate(before);
                longest = word;
            }
            out.push(Candidate::new(range.start, range.end, entry.rule));
        }
    }
}

/// Where the earliest number begins that more text could still complete or change.
pub(crate) fn may_begin(text: &[u8]) -> Option<usize> {
    let end = text.len();
    let window = &text[end.saturating_sub(IDENTIFIER_BYTES + 2)..];
    let length = window.iter().rev().take_while(|byte| WRITTEN[usize::from(**byte)]).count();
    (end - length..end).find(|at| {
        let mut reader = Reader::new(text, *at);
        begins(text, *at) && {
            let mut code = Code::default();
            while reader.group(&mut code).is_some() {}
            reader.at + 2 > end
        }
    })
}

/// Whether a number may begin here: not inside a word, a path or a longer number.
fn begins(text: &[u8], at: usize) -> bool {
    let byte = text[at];
    if !(byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
        return false;
    }
    match text[..at] {
        [.., b'_' | b'+'] => false,
        [.., b'-' | b'.' | b'/'] => is_boundary(text, at - 1),
        _ => is_boundary(text, at),
    }
}

/// Whether nothing that belongs to it is glued to what was read.
fn ends(text: &[u8], reader: &Reader<'_>) -> bool {
    if reader.has_blanks && matches!(text[..reader.start], [.., b'0'..=b'9', b' ']) {
        return false;
    }
    match text.get(reader.at..).unwrap_or_default() {
        [b'.' | b'-' | b'/', next, ..] => !next.is_ascii_alphanumeric(),
        [b' ', next, ..] => !(next.is_ascii_digit() && reader.has_blanks),
        [next, ..] => !next.is_ascii_alphanumeric() && *next != b'_',
        [] => true,
    }
}

/// The letters and digits that were read, without separators.
#[derive(Default)]
struct Code {
    bytes: [u8; CODE],
    count: usize,
    letters: Mask,
}

impl Code {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.count]
    }

    /// Whether there was room.
    fn push(&mut self, byte: u8) -> bool {
        let Some(slot) = self.bytes.get_mut(self.count) else { return false };
        *slot = byte;
        self.letters |= Mask::from(byte.is_ascii_uppercase()) << self.count;
        self.count += 1;
        true
    }
}

/// Reads group by group; the shape after each says how the code was written so far.
struct Reader<'t> {
    text: &'t [u8],
    start: usize,
    /// After the last group that was read.
    at: usize,
    shape: Shape,
    has_blanks: bool,
}

impl<'t> Reader<'t> {
    fn new(text: &'t [u8], at: usize) -> Self {
        Self { text, start: at, at, shape: Shape::default(), has_blanks: false }
    }

    /// The next group. Nothing if none follows that could belong to a number; then [`Self::at`]
    /// is where it stopped.
    fn group(&mut self, code: &mut Code) -> Option<Shape> {
        let rest = &self.text[self.at..];
        let mut begin = self.at;
        let mut separator = 0;
        if begin > self.start {
            separator = *rest.first()?;
            begin += 1;
            let next = rest.get(1);
            if !b" -./(".contains(&separator) || !next.is_some_and(|b| is_code(*b)) {
                return None;
            }
        }
        let room = (self.start + IDENTIFIER_BYTES).min(self.text.len());
        let mut end = begin;
        let known = code.count;
        while end < room && is_code(self.text[end]) {
            if !code.push(self.text[end]) {
                break;
            }
            end += 1;
        }
        let length = end - begin;
        let is_word = length > LETTERS && code.letters.count_ones() as usize == code.count;
        let is_glued = self.text.get(end).is_some_and(u8::is_ascii_alphanumeric);
        if length == 0 || is_glued || is_word || code.count == known {
            self.at = end;
            return None;
        }
        self.has_blanks |= separator == b' ';
        self.at = end;
        if separator == b'(' {
            if self.text.get(end) != Some(&b')') {
                return None;
            }
            self.at += 1;
        }
        self.shape = self.shape.with(separator, length)?;
        Some(self.shape)
    }
}

fn is_code(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase()
}

#[cfg(test)]
mod tests;
