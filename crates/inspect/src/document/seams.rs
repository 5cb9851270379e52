//! Values that are split over neighbouring strings.
//!
//! A model reads the texts of a conversation one after the other, so half of a key in one content
//! part and half in the next is the key. Strings count as *texts* when they are items of an array
//! or named like text (see [`super::names`]); other strings between them do not part them.
//!
//! Two neighbouring texts are joined, without a separator, in one of two ways:
//!
//! - **closely**, when they are the `text` of neighbouring objects in one array (content parts), or
//!   items of one array that is itself named like text. Every detector looks over such a seam.
//! - **loosely**, otherwise: the contents of two messages, two arguments, two items of any array, two
//!   members of any name where a value is known to run from one into the other ([`super::members`]).
//!   Only detectors with a distinctive format look over it (secrets of at least
//!   [`DISTINCTIVE`] confidence), for the digits of two unrelated numbers are soon a card's, and
//!   only where letters and digits run over the seam for at least [`MIN_RUN`] bytes.
//!
//! What is over a seam in an encoding or a disguise, base64 in two halves above all, is looked at as
//! in one text: see [`crate::views`].
//!
//! Around each seam at most [`WINDOW`] raw bytes to each side are scanned; windows that touch
//! become one, so a value in many pieces is found too. Only a match that crosses a seam counts. It
//! is reported where it begins, and each text loses its own share of it.

use std::{ops::Range, sync::LazyLock};

use memchr::memmem::Finder;

use super::{edit::Edit, glued::glued, marks::Marks, string::Inspector};
use crate::{
    Class, DetectorId, Match,
    detectors::class,
    json::{Locator, Token, decode_into},
    views,
};

/// Raw bytes looked at on each side of a seam.
const WINDOW: usize = 4096;

/// On each side of a loose seam, besides the run itself: where a key's context stands.
const CONTEXT: usize = 64;

/// Shorter runs over a loose seam are no secret.
pub(super) const MIN_RUN: usize = 16;

/// Confidence of a detector that may look over loose seams.
const DISTINCTIVE: f64 = 0.7;

/// Compiled once; most seams are looked at for it.
static KEY_BLOCK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"-----BEGIN"));

/// The texts of one document, in order.
#[derive(Default)]
pub(super) struct Pieces {
    list: Vec<Piece>,
}

#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    /// Where it starts on the line of all texts joined, in raw bytes.
    joined: usize,
    /// The array whose texts are joined closely; 0: none.
    group: u32,
}

impl Pieces {
    /// Adds a text to the line; `group` is the array whose texts are joined closely, 0: none.
    pub(super) fn add(&mut self, token: &Token, group: u32) {
        if token.range.is_empty() {
            return;
        }
        let joined = self.end();
        self.list.push(Piece { start: token.range.start, end: token.range.end, joined, group });
    }

    fn is_close(&self, seam: usize) -> bool {
        match (self.list.get(seam), self.list.get(seam + 1)) {
            (Some(left), Some(right)) => left.group == right.group && left.group != 0,
            _ => false,
        }
    }

    fn end(&self) -> usize {
        self.list.last().map_or(0, Piece::joined_end)
    }

    /// The stretch of joined text to scan around the seam after piece `seam`; none: nothing can
    /// run over it. `before` is the length of the run that ends there; `has_armour` whether a
    /// private key may begin anywhere in the text.
    fn window(
        &self,
        text: &[u8],
        seam: usize,
        before: usize,
        has_armour: bool,
    ) -> Option<Range<usize>> {
        let at = self.list.get(seam + 1)?.joined;
        let whole = at.saturating_sub(WINDOW)..(at + WINDOW).min(self.end());
        if self.is_close(seam) {
            return Some(whole);
        }
        if before == 0 || before + self.run_after(text, seam + 1) < MIN_RUN {
            return (has_armour && self.key_block(text, seam)).then_some(whole);
        }
        // A run that goes on past the next piece gets its own window there, which touches this one.
        let next = self.list.get(seam + 1)?;
        let after = head_run(next.bytes(text));
        let reach = |run: usize| (run + CONTEXT).min(WINDOW);
        Some(at.saturating_sub(reach(before))..(at + reach(after)).min(self.end()))
    }

    /// Bytes of the run that starts with piece `first`, counted no further than [`MIN_RUN`].
    fn run_after(&self, text: &[u8], first: usize) -> usize {
        let mut run = 0;
        for piece in self.list.get(first..).unwrap_or_default() {
            let bytes = piece.bytes(text);
            let here = head_run(bytes.get(..MIN_RUN).unwrap_or(bytes));
            run += here;
            if here < bytes.len() || run >= MIN_RUN {
                break;
            }
        }
        run
    }

    /// Whether a key in PEM form has begun shortly before the seam: its lines may part anywhere.
    fn key_block(&self, text: &[u8], last: usize) -> bool {
        let Some(piece) = self.list.get(last) else { return false };
        let bytes = piece.bytes(text);
        let tail = bytes.get(bytes.len().saturating_sub(WINDOW)..).unwrap_or_default();
        KEY_BLOCK.find(tail).is_some()
    }
}

impl Piece {
    fn joined_end(&self) -> usize {
        self.joined + (self.end - self.start)
    }

    fn bytes<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// The run that ends with this piece, when the one before it ended with a run of `before`.
    fn run(&self, text: &[u8], before: usize) -> usize {
        let bytes = self.bytes(text);
        let tail = tail_run(bytes);
        if tail == bytes.len() { (tail + before).min(WINDOW) } else { tail }
    }
}

/// How many bytes a run has that ends a piece.
pub(super) fn tail_run(bytes: &[u8]) -> usize {
    bytes.iter().rev().take(WINDOW).take_while(|byte| runs_on(byte)).count()
}

pub(super) fn head_run(bytes: &[u8]) -> usize {
    bytes.iter().take(WINDOW).take_while(|byte| runs_on(byte)).count()
}

/// What can stand inside a secret. A backslash may be an escape, so it counts.
static RUN: Class = class("0-9A-Za-z_+/=.\\:@%$~!-");

fn runs_on(byte: &u8) -> bool {
    RUN[usize::from(*byte)]
}

/// Part of a piece inside a window, decoded.
struct Part {
    piece: usize,
    /// Where the content of the leaf starts in the document.
    leaf: usize,
    /// Raw bytes in the document.
    raw: Range<usize>,
    /// Decoded bytes in the window.
    text: Range<usize>,
}

impl Inspector<'_> {
    /// Looks over all seams of a document.
    pub(super) fn seams(
        &mut self,
        text: &[u8],
        pieces: &Pieces,
        has_armour: bool,
        marks: &mut Marks,
    ) {
        let mut open: Option<Range<usize>> = None;
        let mut run = 0;
        for (seam, piece) in pieces.list.iter().enumerate() {
            run = piece.run(text, run);
            let Some(window) = pieces.window(text, seam, run, has_armour) else { continue };
            match &mut open {
                Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
                _ => {
                    if let Some(done) = open.replace(window) {
                        self.stretch(text, pieces, &done, marks);
                    }
                }
            }
        }
        if let Some(done) = open {
            self.stretch(text, pieces, &done, marks);
        }
    }

    fn stretch(&mut self, text: &[u8], pieces: &Pieces, window: &Range<usize>, marks: &mut Marks) {
        let (joined, parts) = join(text, pieces, window);
        let mut matches = Vec::new();
        self.scope.engine.scan(self.scope.direction, &joined, &mut matches);
        for found in matches.drain(..) {
            let value = joined.get(found.range.clone()).unwrap_or_default();
            let crossed = crossed(&parts, &found.range);
            if crossed.len() > 1 && self.may_cross(pieces, crossed, found.detector) {
                self.crossing(text, crossed, &found, value, marks);
            }
        }
        views::each(&joined, &views::Limits::default(), &mut |view| {
            let source = |range: Range<usize>| view.source(range);
            self.inside(text, pieces, &parts, (view.text(), &source), marks);
        });
        let ends: Vec<usize> =
            [0].into_iter().chain(parts.iter().map(|part| part.text.end)).collect();
        for packed in glued(&joined, &ends) {
            let source = |_| packed.range.clone();
            self.inside(text, pieces, &parts, (&packed.text, &source), marks);
        }
    }

    /// Scans what a stretch says once an encoding is off; `source` leads back to the stretch.
    fn inside(
        &self,
        text: &[u8],
        pieces: &Pieces,
        parts: &[Part],
        (inner, source): (&[u8], &dyn Fn(Range<usize>) -> Range<usize>),
        marks: &mut Marks,
    ) {
        let mut matches = Vec::new();
        self.scope.engine.scan(self.scope.direction, inner, &mut matches);
        for found in matches {
            let value = inner.get(found.range.clone()).unwrap_or_default();
            let found = Match { range: source(found.range.clone()), ..found };
            let crossed = crossed(parts, &found.range);
            // What one part shows by itself may take letters of the next along.
            if crossed.len() > 1
                && self.may_cross(pieces, crossed, found.detector)
                && !is_known(text, crossed, &found, marks)
            {
                self.crossing(text, crossed, &found, value, marks);
            }
        }
    }

    fn may_cross(&self, pieces: &Pieces, crossed: &[Part], detector: DetectorId) -> bool {
        let detector = self.scope.engine.detector(detector);
        if detector.kind().starts_with("secret.") && detector.confidence() >= DISTINCTIVE {
            return true;
        }
        let seams = crossed.split_last().map_or(crossed, |(_, before)| before);
        seams.iter().all(|part| pieces.is_close(part.piece))
    }

    /// Marks a match over several parts, whose text is `value`.
    fn crossing(
        &self,
        text: &[u8],
        crossed: &[Part],
        found: &Match,
        value: &[u8],
        marks: &mut Marks,
    ) {
        let shares: Vec<_> =
            crossed.iter().map(|part| (part, share(text, part, &found.range))).collect();
        let Some((begin, span)) = shares.first().cloned() else { return };
        let mut uncounted = Marks::default();
        let is_known = is_known(text, crossed, found, marks);
        let counted = if is_known { &mut uncounted } else { &mut *marks };
        let with = self.mark(found, value, begin.leaf, span, counted);
        marks.blocked |= uncounted.blocked;
        if let Some(with) = with {
            let edits =
                shares.into_iter().map(|(_, range)| Edit { range, with: with.as_bytes().to_vec() });
            marks.edits.extend(edits);
        }
    }
}

/// The parts that a range of the window lies in.
fn crossed<'p>(parts: &'p [Part], range: &Range<usize>) -> &'p [Part] {
    let first = parts.partition_point(|part| part.text.end <= range.start);
    let rest = parts.get(first..).unwrap_or_default();
    let count = rest.iter().take_while(|part| part.text.start < range.end).count();
    rest.get(..count).unwrap_or_default()
}

/// Whether the same detector has found something in one of the parts that overlaps a match.
fn is_known(text: &[u8], crossed: &[Part], found: &Match, marks: &Marks) -> bool {
    let same = || marks.hits.iter().filter(|hit| hit.detector == found.detector);
    same().next().is_some()
        && crossed
            .iter()
            .map(|part| share(text, part, &found.range))
            .any(|share| same().any(|hit| hit.span.start < share.end && share.start < hit.span.end))
}

/// The raw bytes in one piece of a match in the window.
fn share(text: &[u8], part: &Part, found: &Range<usize>) -> Range<usize> {
    let start = found.start.max(part.text.start) - part.text.start;
    let end = found.end.min(part.text.end) - part.text.start;
    let raw = text.get(part.raw.clone()).unwrap_or_default();
    let range = Locator::new(raw).range(start..end);
    part.raw.start + range.start..part.raw.start + range.end
}

/// Decodes the stretch of joined text.
fn join(text: &[u8], pieces: &Pieces, window: &Range<usize>) -> (Vec<u8>, Vec<Part>) {
    let mut joined = Vec::with_capacity(window.len());
    let mut parts = Vec::new();
    let first = pieces.list.partition_point(|piece| piece.joined_end() <= window.start);
    for (at, piece) in pieces.list.iter().enumerate().skip(first) {
        if piece.joined >= window.end {
            break;
        }
        let from = piece.start + window.start.saturating_sub(piece.joined);
        let to = piece.end.min(piece.start + (window.end - piece.joined));
        let begin = joined.len();
        decode_into(text.get(from..to).unwrap_or_default(), &mut joined);
        parts.push(Part { piece: at, leaf: piece.start, raw: from..to, text: begin..joined.len() });
    }
    (joined, parts)
}
