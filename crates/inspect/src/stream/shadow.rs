//! A second reading of a channel in which nothing is invisible or looks like something else.
//!
//! It begins at the first character that reads otherwise, with the undecided text before it: any value
//! that such a character is in the middle of has been undecided since it began. It ends once all is
//! decided and no such character is near; so plain text never pays for it.

use std::ops::Range;

use super::core::{CONTEXT_BYTES, Core};
use super::{Frontier, MAX_HOLD_BYTES};
use crate::engine::resolve::Candidate;
use crate::engine::{Direction, Engine};
use crate::views::fold::{self, Fold};
use crate::views::utf8;

/// Unseen characters in a row that stand inside a word; without a bound, a value's beginning could be
/// held for ever.
const MAX_ROW: usize = 8;

/// Marks that are kept before they are thinned out.
const SLACK_MARKS: usize = 64;

#[derive(Debug)]
pub(super) struct Shadow {
    pub(super) core: Core,
    /// Offsets of the reading and of the channel at which the two part ways, in order.
    marks: Vec<(usize, usize)>,
    /// The channel's offset up to which it has been read.
    at: usize,
    /// Characters in a row that are not seen.
    row: usize,
    /// At offsets of the reading.
    frontier: Frontier,
    /// The channel's offset after the last character that reads otherwise.
    last_change: usize,
}

/// Whether a character is a reason to begin: also the raised letters and digits that ordinary text
/// has. Its dashes and quotation marks are none; they read otherwise only while something else does.
pub(super) fn begins(character: char) -> bool {
    fold::reads_otherwise(character) || matches!(character, 'ª' | '²' | '³' | '¹' | 'º')
}

impl Shadow {
    /// Begins with the text that another core has undecided.
    pub(super) fn new(engine: &Engine, direction: Direction, other: &Core) -> Self {
        let (core, frontier) = Core::from_undecided(engine, direction, other);
        let at = other.end();
        let marks = vec![(0, other.base), (other.text.len(), at)];
        Self { core, marks, at, row: 0, frontier, last_change: at }
    }

    /// Reads on in the channel, whole characters; adds what is found, and gives the frontier, both
    /// at places of the channel.
    pub(super) fn read(
        &mut self,
        engine: &Engine,
        direction: Direction,
        (more, wants_all): (&[u8], bool),
        found: &mut Vec<Candidate>,
    ) -> Frontier {
        let text = self.normalise(more);
        // Nothing new leaves everything as it was.
        if !text.is_empty() || wants_all && self.core.is_behind() {
            let frontier = self.core.read(engine, direction, &text, wants_all);
            self.find(engine, direction, frontier, found);
            self.frontier = frontier.map(|place| place + self.core.base);
        }
        self.places()
    }

    /// The frontier at places of the channel.
    fn places(&self) -> Frontier {
        self.frontier.map(|at| self.channel(at.saturating_sub(self.core.base)))
    }

    /// How much of the channel, which ends at `end`, is held for this reading.
    pub(super) fn holds(&self, end: usize) -> usize {
        end.saturating_sub(self.places().clear)
    }

    /// How much more may come before too much could be held.
    pub(super) fn room(&self, end: usize) -> usize {
        MAX_HOLD_BYTES.saturating_sub(self.holds(end))
    }

    /// The text to be read in the place of the channel's.
    fn normalise(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let start = self.core.end();
        let mut at = 0;
        while at < text.len() {
            let next = utf8::next_high(text, at).unwrap_or(text.len());
            out.extend_from_slice(&text[at..next]);
            self.row = if next > at { 0 } else { self.row };
            at = next;
            let length = utf8::at(text, at).map_or(1, |(_, length)| length);
            let Some(raw) = text.get(at..at + length) else { break };
            match utf8::at(text, at).map_or(Fold::Keep, |(character, _)| fold::fold(character)) {
                Fold::Keep => {
                    out.extend_from_slice(raw);
                    self.row = 0;
                }
                folded => {
                    self.mark(start + out.len(), self.at + at);
                    out.extend_from_slice(self.stands_for(&folded));
                    self.mark(start + out.len(), self.at + at + length);
                    self.last_change = self.at + at + length;
                }
            }
            at += length;
        }
        self.at += text.len();
        self.mark(start + out.len(), self.at);
        out
    }

    /// What is read for a character; a long row of unseen ones parts words.
    fn stands_for<'f>(&mut self, folded: &'f Fold) -> &'f [u8] {
        let text = folded.text();
        self.row = if text.is_empty() { self.row + 1 } else { 0 };
        if self.row == MAX_ROW { b" " } else { text }
    }

    fn mark(&mut self, reading: usize, channel: usize) {
        // A mark in the middle of an even stretch says nothing.
        if let [.., a, b] = self.marks.as_slice()
            && reading - a.0 == channel - a.1
            && b.0 - a.0 == b.1 - a.1
        {
            self.marks.pop();
        }
        if self.marks.last() != Some(&(reading, channel)) {
            self.marks.push((reading, channel));
        }
    }

    /// The channel's offset of a place of the core's text.
    fn channel(&self, place: usize) -> usize {
        let at = place + self.core.base;
        let next = self.marks.partition_point(|(reading, _)| *reading <= at);
        let Some(from) = next.checked_sub(1).and_then(|from| self.marks.get(from)) else {
            return at;
        };
        match self.marks.get(next) {
            Some(to) if to.0 - from.0 == to.1 - from.1 => from.1 + (at - from.0),
            _ => from.1,
        }
    }

    /// The bytes of the channel behind a range of the core's text, if they read otherwise there,
    /// shortly before or right behind, where a value may end because of it.
    fn source(&self, range: Range<usize>) -> Option<Range<usize>> {
        let start = self.channel(range.start);
        let last = range.end - 1;
        let at = last + self.core.base;
        let next = self.marks.partition_point(|(reading, _)| *reading <= at);
        let is_even = match (self.marks.get(next.checked_sub(1)?), self.marks.get(next)) {
            (Some(from), Some(to)) => to.0 - from.0 == to.1 - from.1,
            _ => true,
        };
        let end = match self.marks.get(next) {
            Some(to) if !is_even => to.1,
            _ => self.channel(last) + 1,
        };
        let first = range.start.saturating_sub(CONTEXT_BYTES);
        let is_changed = end - self.channel(first) != range.end - first
            || self.marks.iter().any(|(_, channel)| (self.channel(first)..=end).contains(channel));
        is_changed.then_some(start..end)
    }

    /// Adds what begins before the frontier, at places of the channel.
    pub(super) fn find(
        &mut self,
        engine: &Engine,
        direction: Direction,
        frontier: Frontier,
        found: &mut Vec<Candidate>,
    ) {
        let mut inside = Vec::new();
        self.core.find(engine, direction, frontier, &mut inside);
        found.extend(inside.into_iter().filter_map(|candidate| {
            let source = self.source(candidate.start..candidate.end)?;
            Some(Candidate { start: source.start, end: source.end, ..candidate })
        }));
    }

    pub(super) fn forget(&mut self) {
        self.core.forget();
        if self.marks.len() > SLACK_MARKS {
            let base = self.core.base;
            let gone = self.marks.partition_point(|(reading, _)| *reading <= base);
            self.marks.drain(..gone.saturating_sub(1));
        }
    }

    /// Whether nothing more can come of it: all is decided, and the last change is out of sight of
    /// what is undecided in the channel as it is, so that another may begin there.
    pub(super) fn is_over(&self, plain: &Core) -> bool {
        let undecided = plain.base + plain.done();
        self.core.done() + self.core.base == self.core.end()
            && undecided.saturating_sub(CONTEXT_BYTES) > self.last_change
            && self.channel(self.core.done().saturating_sub(CONTEXT_BYTES)) > self.last_change
    }

    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.core.heap() + self.marks.capacity() * size_of::<(usize, usize)>()
    }
}
