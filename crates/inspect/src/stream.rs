//! The scanner of a channel whose text arrives in pieces: the same matches as for the whole.
//!
//! Each format says from where on the text seen so far could still become, or change, a match: its
//! *tail*. Everything before the earliest tail is decided, by the code that scans whole texts.
//! What may be released ends where the earliest tail of a masked or blocked format begins, so
//! that no byte of a value leaves before the value is known, and prose flows. Formats that are only
//! recorded hold nothing, so they are asked about once for many small pieces.
//!
//! Where characters are invisible or look like others, a second reading of the channel without them
//! is scanned as well: see [`shadow`]. Runs that decode to text are judged decoded: see [`packed`].

mod address;
mod armour;
mod core;
mod number;
mod packed;
mod shadow;
mod smuggling;
mod token;

use crate::engine::armour::ARMOUR_BYTES;
use crate::engine::resolve::{Candidate, Resolver, sort};
use crate::engine::{Direction, Engine, Match};
use crate::views::utf8;
use core::Core;
use shadow::Shadow;

/// The most that a stream ever holds back: one value of the longest kind that has just ended
/// while another that overlaps its end is still open. One alone is held for at most half of it.
pub const MAX_HOLD_BYTES: usize = 2 * (ARMOUR_BYTES + 128);

/// Long pieces are taken in slices, so that a stream's memory stays bounded.
const SLICE_BYTES: usize = 16 * 1024;

/// State of one channel. See [`Stream::push`].
#[derive(Debug)]
pub struct Stream {
    direction: Direction,
    /// The channel as it is.
    plain: Core,
    /// The channel as it reads, while that is something else.
    shadow: Option<Box<Shadow>>,
    /// The beginning of a character whose end is still to come.
    pending: [u8; 3],
    pending_bytes: usize,
    /// The channel's offset before which all is final.
    clear: usize,
    /// At offsets of the channel.
    found: Vec<Candidate>,
    resolver: Resolver,
}

/// From where on text is undecided, and from where on it is held.
#[derive(Clone, Copy, Debug)]
struct Frontier {
    decided: usize,
    clear: usize,
}

impl Frontier {
    fn hold(&mut self, at: usize, is_enforced: bool) {
        self.decided = self.decided.min(at);
        if is_enforced {
            self.clear = self.clear.min(at);
        }
    }

    /// The earlier of two, place by place.
    fn or(self, other: Self) -> Self {
        Self { decided: self.decided.min(other.decided), clear: self.clear.min(other.clear) }
    }

    fn map(self, place: impl Fn(usize) -> usize) -> Self {
        Self { decided: place(self.decided), clear: place(self.clear) }
    }
}

/// A frontier that tails are asked for.
struct Asked {
    frontier: Frontier,
    /// Also those of formats that are only recorded.
    wants_all: bool,
}

impl Asked {
    fn new(end: usize, wants_all: bool) -> Self {
        Self { frontier: Frontier { decided: end, clear: end }, wants_all }
    }

    /// Asks for a tail, if it matters.
    #[inline]
    fn hold(&mut self, is_enforced: bool, tail: impl FnOnce() -> Option<usize>) {
        if (is_enforced || self.wants_all)
            && let Some(at) = tail()
        {
            self.frontier.hold(at, is_enforced);
        }
    }
}

impl Stream {
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            direction,
            plain: Core::default(),
            shadow: None,
            pending: [0; 3],
            pending_bytes: 0,
            clear: 0,
            found: Vec::new(),
            resolver: Resolver::default(),
        }
    }

    /// Takes the next piece and appends the matches that are certain, in order.
    ///
    /// Returns the channel's offset before which everything may leave: every match that is masked
    /// or blocked and begins before it has been reported. At most [`MAX_HOLD_BYTES`] stay behind.
    /// Matches that are only recorded hold nothing back and may be reported later.
    pub fn push(&mut self, engine: &Engine, text: &[u8], out: &mut Vec<Match>) -> usize {
        let joined;
        let mut text = text;
        if self.pending_bytes > 0 {
            joined = [&self.pending[..self.pending_bytes], text].concat();
            text = &joined;
        }
        let (whole, cut_off) = text.split_at(text.len() - utf8::cut_off(text));
        self.pending_bytes = cut_off.len();
        self.pending[..cut_off.len()].copy_from_slice(cut_off);
        let mut rest = whole;
        while !rest.is_empty() {
            let (slice, after) = rest.split_at(characters_within(rest, SLICE_BYTES));
            self.slice(engine, slice, out);
            rest = after;
        }
        self.clear
    }

    /// The channel has ended: decides all that is left. Returns the channel's length.
    pub fn finish(&mut self, engine: &Engine, out: &mut Vec<Match>) -> usize {
        let pending = self.pending;
        let cut_off = std::mem::take(&mut self.pending_bytes);
        self.step(engine, &pending[..cut_off], false, out);
        let end = |core: &Core| {
            let end = core.text.len();
            Frontier { decided: end, clear: end }
        };
        let frontier = end(&self.plain);
        self.find(engine, frontier);
        if let Some(shadow) = &mut self.shadow {
            let frontier = end(&shadow.core);
            shadow.find(engine, self.direction, frontier, &mut self.found);
        }
        self.decide(engine, end(&self.plain).map(|place| place + self.plain.base), out);
        self.clear
    }

    /// Takes text step by step: one ends where a shadow must begin, and where one may have to be
    /// given up, so that both happen at the same places however the text is cut.
    fn slice(&mut self, engine: &Engine, text: &[u8], out: &mut Vec<Match>) {
        let mut rest = text;
        while !rest.is_empty() {
            let change = if self.shadow.is_none() { first_change(rest) } else { None };
            let length = match (&self.shadow, change) {
                (None, change) => change.unwrap_or(rest.len()),
                (Some(shadow), _) => characters_within(rest, shadow.room(self.plain.end())),
            };
            let (now, after) = rest.split_at(length);
            // What another reading begins with must not depend on the cuts.
            self.step(engine, now, change.is_some(), out);
            if change.is_some() {
                self.shadow = Some(Box::new(Shadow::new(engine, self.direction, &self.plain)));
            }
            rest = after;
        }
    }

    fn step(&mut self, engine: &Engine, text: &[u8], wants_all: bool, out: &mut Vec<Match>) {
        if text.is_empty() && !(wants_all && self.is_behind()) {
            return;
        }
        let wants_all = wants_all || !self.found.is_empty();
        let mut frontier = self.read(engine, text, wants_all);
        if !self.found.is_empty() && self.is_behind() {
            frontier = self.read(engine, &[], true);
        }
        self.decide(engine, frontier, out);
        self.plain.forget();
        if let Some(shadow) = &mut self.shadow {
            shadow.forget();
            if shadow.is_over(&self.plain) {
                self.shadow = None;
            }
        }
    }

    /// Whether some formats have not been asked about all of the text, in either reading.
    fn is_behind(&self) -> bool {
        let is_shadow_behind = self.shadow.as_ref().is_some_and(|shadow| shadow.core.is_behind());
        self.plain.is_behind() || is_shadow_behind
    }

    /// Reads on, the channel as it is and as it reads; gives the frontier at offsets of the channel.
    fn read(&mut self, engine: &Engine, text: &[u8], wants_all: bool) -> Frontier {
        let frontier = self.plain.read(engine, self.direction, text, wants_all);
        self.find(engine, frontier);
        let frontier = frontier.map(|place| place + self.plain.base);
        let Some(shadow) = &mut self.shadow else { return frontier };
        let also = shadow.read(engine, self.direction, (text, wants_all), &mut self.found);
        if shadow.holds(self.plain.end()) <= MAX_HOLD_BYTES {
            return frontier.or(also);
        }
        // Stretched by what nobody sees, which is a finding of its own.
        self.shadow = None;
        frontier
    }

    /// Finds what begins before the frontier in the channel as it is.
    fn find(&mut self, engine: &Engine, frontier: Frontier) {
        let mut inside = Vec::new();
        self.plain.find(engine, self.direction, frontier, &mut inside);
        let base = self.plain.base;
        self.found.extend(inside.into_iter().map(|candidate| Candidate {
            start: candidate.start + base,
            end: candidate.end + base,
            ..candidate
        }));
    }

    /// Decides what lies wholly before the frontier, at offsets of the channel.
    fn decide(&mut self, engine: &Engine, frontier: Frontier, out: &mut Vec<Match>) {
        let mut clear = frontier.clear;
        if !self.found.is_empty() {
            let action = |rule| engine.action(rule, self.direction);
            sort(&mut self.found, action, |rule| engine.confidence(rule));
            self.found.dedup();
            self.resolver.resolve(&mut self.found, frontier.decided, action, out);
            let waiting = self.found.iter().find(|c| !action(c.rule).passes());
            clear = waiting.map_or(clear, |candidate| clear.min(candidate.start));
        }
        self.clear = self.clear.max(clear);
    }
}

/// The bytes of the whole characters within the first `most` bytes of a text, of one at least.
fn characters_within(text: &[u8], most: usize) -> usize {
    let most = most.min(text.len());
    match most - utf8::cut_off(&text[..most]) {
        0 => utf8::at(text, 0).map_or(1, |(_, length)| length),
        whole => whole,
    }
}

/// Where the first character begins that reads otherwise than it is written.
fn first_change(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at = utf8::next_high(text, at)?;
        match utf8::at(text, at) {
            Some((character, _)) if shadow::begins(character) => return Some(at),
            Some((_, length)) => at += length,
            None => at += 1,
        }
    }
}

#[cfg(test)]
impl Stream {
    /// Bytes that it holds outside of itself.
    fn heap(&self) -> usize {
        let candidates = self.found.capacity() * size_of::<Candidate>();
        let shadow = self.shadow.as_ref().map_or(0, |s| size_of::<Shadow>() + s.heap());
        self.plain.heap() + candidates + shadow
    }
}

#[cfg(test)]
mod tests;
