//! One layer off: every escape, encoded run and disguise of a text replaced by what it says.
//!
//! What is replaced never grows, so layers get shorter and their number bounds the work. Stretches
//! far from any change are left out: what is in them, the text itself has shown.

use std::ops::Range;

use super::fold::{self, Fold};
use super::map::Map;
use super::packed::{self, is_printable};
use super::sieve::{self, Signs};
use super::{Kinds, beginnings, joined, numbers, spaced, utf8};

/// What is kept on each side of a change: room for the longest value of any format.
pub(super) const MARGIN: usize = 8 * 1024;

/// A text with one layer off.
#[derive(Debug)]
pub(super) struct Peeled {
    pub(super) text: Vec<u8>,
    pub(super) map: Map,
    pub(super) kinds: Kinds,
}

/// A run that is replaced as a whole.
struct Span {
    range: Range<usize>,
    with: Vec<u8>,
    kind: Kinds,
}

/// Takes one layer off. None: there is none. `signs` are those of the text.
pub(super) fn peel(text: &[u8], signs: Signs) -> Option<Peeled> {
    if u32::try_from(text.len()).is_err() {
        return None;
    }
    let joints = joined::find(text);
    if joints.is_empty() && !signs.any() {
        return None;
    }
    let mut peeler = Peeler::new(text, signs);
    for span in spans(text, signs, joints) {
        if span.range.start >= peeler.at {
            peeler.characters(span.range.start);
            peeler.change(span.range, &span.with, span.kind);
        }
    }
    peeler.characters(text.len());
    peeler.finish()
}

/// Encoded runs, spelled words and joints, in order; the first of two that overlap wins. An encoded
/// run that is a piece is left for the next layer, where it is whole.
fn spans(text: &[u8], signs: Signs, joints: Vec<Range<usize>>) -> Vec<Span> {
    let mut spans = Vec::new();
    if signs.packed {
        let packed = packed::find(text).into_iter().filter(|p| !is_piece(&joints, &p.range));
        spans.extend(packed.map(|p| Span { range: p.range, with: p.text, kind: Kinds::PACKED }));
    }
    if signs.spaced {
        let rows = spaced::find(text).into_iter();
        spans.extend(rows.map(|row| Span {
            range: row.range,
            with: row.text,
            kind: Kinds::SPACED,
        }));
    }
    if signs.numbers {
        let rows = numbers::find(text).into_iter();
        spans.extend(rows.map(|row| Span {
            range: row.range,
            with: row.text,
            kind: Kinds::PACKED,
        }));
    }
    if signs.rotated {
        spans.extend(beginnings::in_rot13(text).map(|range| Span {
            with: text[range.clone()].iter().copied().map(beginnings::rotated).collect(),
            range,
            kind: Kinds::ROTATED,
        }));
    }
    let joint = |range| Span { range, with: Vec::new(), kind: Kinds::JOINED };
    spans.extend(joints.into_iter().map(joint));
    spans.sort_by_key(|span| span.range.start);
    spans
}

/// Whether a run ends where a joint begins, or begins where one ends. What goes on over several lines
/// by itself holds its joints.
fn is_piece(joints: &[Range<usize>], run: &Range<usize>) -> bool {
    let next = joints.partition_point(|joint| joint.end < run.start);
    let near = joints.get(next..).unwrap_or_default().iter().take_while(|j| j.start <= run.end);
    let mut near = near.filter(|joint| joint.start == run.end || joint.end == run.start);
    near.next().is_some()
}

struct Peeler<'t> {
    text: &'t [u8],
    signs: Signs,
    out: Vec<u8>,
    map: Map,
    kinds: Kinds,
    /// Up to where the text has been looked at.
    at: usize,
    /// Up to where it has been written.
    written: usize,
}

impl<'t> Peeler<'t> {
    fn new(text: &'t [u8], signs: Signs) -> Self {
        let kinds = Kinds::default();
        Self { text, signs, out: Vec::new(), map: Map::default(), kinds, at: 0, written: 0 }
    }

    /// Goes over single characters and escapes up to `end`.
    fn characters(&mut self, end: usize) {
        while self.signs.in_characters()
            && let Some(place) = self.next_special(end)
        {
            self.at = place;
            self.special(place);
            self.at = self.at.max(place + 1);
        }
        self.at = self.at.max(end);
    }

    /// The next place before `end` at which something may stand for something else.
    fn next_special(&self, end: usize) -> Option<usize> {
        let rest = self.text.get(self.at..end)?;
        let is_special = |byte: &u8| match byte {
            b'\\' | b'%' | b'&' => self.signs.escapes,
            b'=' => self.signs.quoted,
            b'+' => self.signs.plus,
            0x80.. => self.signs.characters,
            _ => false,
        };
        rest.iter().position(is_special).map(|at| self.at + at)
    }

    fn special(&mut self, at: usize) {
        let Some((byte, rest)) = self.text.get(at..).and_then(|rest| Some((rest.first()?, rest)))
        else {
            return;
        };
        let escape = match byte {
            0x80.. => return self.character(at),
            b'+' => return self.change(at..at + 1, b" ", Kinds::ESCAPED),
            b'=' => sieve::quoted_at(self.text, at),
            _ => sieve::escaped(rest),
        };
        if let Some(escape) = escape {
            self.change(at..at + escape.source, escape.text(), Kinds::ESCAPED);
        }
    }

    fn character(&mut self, at: usize) {
        let Some((character, length)) = utf8::at(self.text, at) else { return };
        match fold::fold(character) {
            Fold::Keep => {}
            Fold::Selector(_) => self.selectors(at),
            folded => self.change(at..at + length, folded.text(), Kinds::FOLDED),
        }
    }

    /// Variation selectors in a row: the text that they carry, if they do.
    fn selectors(&mut self, start: usize) {
        let (mut at, mut bytes) = (start, Vec::new());
        while let Some((character, length)) = utf8::at(self.text, at)
            && let Some(byte) = fold::selector(character)
        {
            bytes.push(byte);
            at += length;
        }
        if bytes.len() < 2 || !is_printable(&bytes) {
            bytes.clear();
        }
        self.change(start..at, &bytes, Kinds::FOLDED);
    }

    fn change(&mut self, range: Range<usize>, with: &[u8], kind: Kinds) {
        self.plain(range.start);
        self.map.mark(self.out.len(), range.start);
        self.out.extend_from_slice(with);
        self.map.mark(self.out.len(), range.end);
        (self.at, self.written) = (range.end, range.end);
        self.kinds = self.kinds | kind;
    }

    /// Writes what stands unchanged before `end`, as far as it is near to a change.
    fn plain(&mut self, end: usize) {
        let start = self.written;
        let is_first = self.map.is_empty();
        let head = if is_first { start } else { (start + MARGIN).min(end) };
        let tail = end.saturating_sub(MARGIN).max(head);
        self.copy(start..head);
        if tail > head {
            self.map.mark(self.out.len(), head);
            if !is_first {
                self.out.push(b'\n');
            }
        }
        self.copy(tail..end);
    }

    fn copy(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.map.mark(self.out.len(), range.start);
            self.out.extend_from_slice(self.text.get(range.clone()).unwrap_or_default());
            self.map.mark(self.out.len(), range.end);
        }
    }

    fn finish(mut self) -> Option<Peeled> {
        if self.kinds == Kinds::default() {
            return None;
        }
        let end = (self.written + MARGIN).min(self.text.len());
        self.copy(self.written..end);
        Some(Peeled { text: self.out, map: self.map, kinds: self.kinds })
    }
}
