//! The scanner of a channel whose text arrives in pieces: the same matches as for the whole.
//!
//! Each format says from where on the text seen so far could still become, or change, a match: its
//! *tail*. Everything before the earliest tail is decided, by the code that scans whole texts.
//! What may be released ends where the earliest tail of a masked or blocked format begins, so
//! that no byte of a value leaves before the value is known, and prose flows.

mod address;
mod armour;
mod number;
mod token;

use crate::engine::armour::ARMOUR_BYTES;
use crate::engine::assignments;
use crate::engine::resolve::{Candidate, Resolver};
use crate::engine::{Direction, Engine, Level, Match, Signs};
use crate::engine::{identifiers, machine_readable};

/// The most that a stream ever holds back: one value of the longest kind that has just ended
/// while another that overlaps its end is still open. One alone is held for at most half of it.
pub const MAX_HOLD_BYTES: usize = 2 * (ARMOUR_BYTES + 128);

/// What stands before undecided text and is still looked at: keywords, user names of URLs.
const CONTEXT_BYTES: usize = 192;

/// Long pieces are taken in slices, so that a stream's memory stays bounded.
const SLICE_BYTES: usize = 16 * 1024;

/// Decided text that may lie at the front of the buffer before it is moved out.
const SLACK_BYTES: usize = 256;

/// A buffer that grew beyond this for one long value is given back.
const IDLE_BYTES: usize = 2048;

/// State of one channel. See [`Stream::push`].
#[derive(Debug)]
pub struct Stream {
    direction: Direction,
    /// Context, then undecided text.
    text: Vec<u8>,
    /// The channel's offset of the first byte of `text`.
    base: usize,
    /// Up to where in `text` candidates have been looked for that are only recorded.
    done: usize,
    /// The same for those that are masked or blocked; never before `done`.
    enforced: usize,
    /// The channel's offset before which all is final.
    clear: usize,
    signs: Signs,
    found: Vec<Candidate>,
    resolver: Resolver,
    tokens: token::Tail,
    addresses: address::Tail,
    armour: armour::Tail,
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
}

impl Stream {
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            direction,
            text: Vec::new(),
            base: 0,
            done: 0,
            enforced: 0,
            clear: 0,
            signs: Signs::default(),
            found: Vec::new(),
            resolver: Resolver::default(),
            tokens: token::Tail::default(),
            addresses: address::Tail::default(),
            armour: armour::Tail::default(),
        }
    }

    /// Takes the next piece and appends the matches that are certain, in order.
    ///
    /// Returns the channel's offset before which everything may leave: every match that is masked
    /// or blocked and begins before it has been reported. At most [`MAX_HOLD_BYTES`] stay behind.
    /// Matches that are only recorded hold nothing back and may be reported later.
    pub fn push(&mut self, engine: &Engine, text: &[u8], out: &mut Vec<Match>) -> usize {
        for slice in text.chunks(SLICE_BYTES) {
            let old = self.text.len();
            self.text.extend_from_slice(slice);
            self.signs.read(&self.text, old);
            let frontier = self.frontier(engine, old);
            self.decide(engine, frontier, out);
            self.forget();
        }
        self.clear
    }

    /// The channel has ended: decides all that is left. Returns the channel's length.
    pub fn finish(&mut self, engine: &Engine, out: &mut Vec<Match>) -> usize {
        let end = self.text.len();
        self.decide(engine, Frontier { decided: end, clear: end }, out);
        self.clear
    }

    /// Asks every format for its tail. The bytes from `old` on are new.
    fn frontier(&mut self, engine: &Engine, old: usize) -> Frontier {
        let text = self.text.as_slice();
        let is_enforced = |rule| engine.is_enforced(rule, self.direction);
        let mut frontier = Frontier { decided: text.len(), clear: text.len() };
        self.tokens.read(&engine.index, text, old, is_enforced, &mut frontier);
        self.addresses.read(&engine.rules, text, old, is_enforced, &mut frontier);
        self.armour.read(&engine.rules, text, is_enforced, &mut frontier);
        if let Some(at) = assignments::open(text) {
            let mut rules = engine.rules.assigned.all().into_iter();
            frontier.hold(at, rules.any(is_enforced));
        }
        number::hold(&engine.rules, text, is_enforced, &mut frontier);
        if let Some(at) = machine_readable::may_begin(text) {
            frontier.hold(at, is_enforced(engine.rules.machine_readable));
        }
        if let Some(at) = identifiers::may_begin(text) {
            frontier.hold(at, engine.identifiers.rules.iter().any(|rule| is_enforced(*rule)));
        }
        for words in &engine.words {
            if let Some(at) = words.may_begin(text) {
                frontier.hold(at, is_enforced(words.rule()));
            }
        }
        frontier
    }

    /// Finds what begins before the frontier and decides what lies wholly before it.
    fn decide(&mut self, engine: &Engine, frontier: Frontier, out: &mut Vec<Match>) {
        let decided = frontier.decided.max(self.done);
        let enforced = frontier.clear.max(self.enforced);
        for (level, range) in
            [(Level::Enforced, self.enforced..enforced), (Level::Recorded, self.done..decided)]
        {
            let found = &mut self.found;
            engine.find(self.direction, level, &self.text, range, &self.signs, found);
        }
        (self.done, self.enforced) = (decided, enforced);
        let mut clear = frontier.clear;
        if !self.found.is_empty() {
            let action = |rule| engine.action(rule, self.direction);
            let before = out.len();
            self.resolver.resolve(&mut self.found, decided, action, out);
            for found in &mut out[before..] {
                found.range = found.range.start + self.base..found.range.end + self.base;
            }
            let waiting = self.found.iter().find(|c| !action(c.rule).passes());
            clear = waiting.map_or(clear, |candidate| clear.min(candidate.start));
        }
        self.clear = self.clear.max(self.base + clear);
    }

    /// Moves out what nothing will look at again.
    fn forget(&mut self) {
        let needed = self.found.first().map_or(self.done, |first| first.start.min(self.done));
        let gone = needed.saturating_sub(CONTEXT_BYTES);
        if gone < SLACK_BYTES {
            return;
        }
        self.text.drain(..gone);
        if self.text.capacity() > IDLE_BYTES && self.text.len() < IDLE_BYTES / 2 {
            self.text.shrink_to(IDLE_BYTES);
        }
        self.base += gone;
        self.done -= gone;
        self.enforced -= gone;
        for candidate in &mut self.found {
            candidate.start -= gone;
            candidate.end -= gone;
        }
        self.signs.shift(gone);
        self.resolver.shift(gone);
        self.tokens.shift(gone);
        self.addresses.shift(gone);
        self.armour.shift(gone);
    }
}

#[cfg(test)]
impl Stream {
    /// Bytes that it holds outside of itself.
    fn heap(&self) -> usize {
        let candidates = self.found.capacity() * size_of::<Candidate>();
        self.text.capacity() + candidates + self.tokens.heap()
    }
}

#[cfg(test)]
mod tests;
