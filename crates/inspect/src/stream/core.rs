//! One reading of a channel: its undecided text, and from where on each format is undecided.

use super::{Asked, Frontier, address, armour, number, packed, smuggling, token};
use crate::engine::resolve::Candidate;
use crate::engine::{Direction, Engine, Level, Signs};
use crate::engine::{
    assignments, coordinates, hosts, identifiers, machine_readable, mnemonics, phones,
};

/// What stands before undecided text and is still looked at: keywords, user names of URLs.
pub(super) const CONTEXT_BYTES: usize = 192;

/// Decided text that may lie at the front of the buffer before it is moved out.
const SLACK_BYTES: usize = 64;

/// What is only recorded holds nothing back, so it is asked about once for so many bytes.
const BATCH_BYTES: usize = 192;

/// A buffer that grew beyond this for one long value is given back.
const IDLE_BYTES: usize = 2048;

#[derive(Debug, Default)]
pub(super) struct Core {
    /// Context, then undecided text.
    pub(super) text: Vec<u8>,
    /// The offset of the first byte of `text` in the reading.
    pub(super) base: usize,
    /// Up to where in `text` candidates have been looked for that are only recorded.
    done: usize,
    /// The same for those that are masked or blocked; never before `done`.
    enforced: usize,
    /// Up to where every format has been asked for its tail.
    asked: usize,
    signs: Signs,
    tokens: token::Tail,
    addresses: address::Tail,
    armour: armour::Tail,
    packed: packed::Tail,
}

impl Core {
    /// A reading that begins with the undecided text of another, context included, and looks at
    /// it anew; and where it is undecided.
    pub(super) fn from_undecided(
        engine: &Engine,
        direction: Direction,
        other: &Self,
    ) -> (Self, Frontier) {
        let done = other.done;
        let mut core = Self { done, enforced: done, ..Self::default() };
        core.signs.wrappers = other.signs.wrappers;
        let frontier = core.read(engine, direction, &other.text, true);
        (core, frontier)
    }

    pub(super) fn done(&self) -> usize {
        self.done
    }

    pub(super) fn end(&self) -> usize {
        self.base + self.text.len()
    }

    /// Whether some formats have not been asked about all of the text.
    pub(super) fn is_behind(&self) -> bool {
        self.asked < self.text.len()
    }

    /// Takes more text and asks for the tails of the formats that are masked or blocked; of all, if
    /// they are wanted or have not been asked for long. Otherwise nothing more is decided.
    pub(super) fn read(
        &mut self,
        engine: &Engine,
        direction: Direction,
        more: &[u8],
        wants_all: bool,
    ) -> Frontier {
        let old = self.text.len();
        self.text.extend_from_slice(more);
        self.signs.read(&self.text, old);
        let end = self.text.len();
        let wants_all = wants_all || end - self.asked >= BATCH_BYTES;
        let mut asked = Asked::new(end, wants_all);
        self.follow(engine, direction, old, &mut asked.frontier);
        self.hold(engine, direction, &mut asked);
        self.hold_own(engine, direction, &mut asked);
        if wants_all {
            self.asked = end;
        } else {
            asked.frontier.decided = self.done;
        }
        asked.frontier
    }

    /// Goes on with the tails that remember what was before; the bytes from `old` on are new.
    fn follow(
        &mut self,
        engine: &Engine,
        direction: Direction,
        old: usize,
        frontier: &mut Frontier,
    ) {
        let text = self.text.as_slice();
        let is_enforced = |rule| engine.is_enforced(rule, direction);
        self.tokens.read(&engine.index, text, old, is_enforced, frontier);
        self.addresses.read(&engine.rules, text, old, is_enforced, frontier);
        self.armour.read(&engine.rules, text, is_enforced, frontier);
        self.packed.read(text, old, frontier);
        let row = mnemonics::row(text);
        self.signs.words(text, text.len() - old, row.words);
        if let Some(at) = row.open {
            frontier.hold(at, is_enforced(engine.rules.mnemonic));
        }
    }

    /// Asks for the tails that are read anew each time.
    fn hold(&self, engine: &Engine, direction: Direction, asked: &mut Asked) {
        let (text, signs) = (self.text.as_slice(), &self.signs);
        let enforced = engine.passes(direction, Level::Enforced);
        let figures = enforced.figures;
        asked.hold(enforced.assigned, || assignments::open(text, signs.names));
        asked.hold(figures.cards, || number::card(text));
        asked.hold(figures.accounts, || number::account(text));
        asked.hold(figures.phones, || phones::may_begin(text, signs.digits.max(signs.opens)));
        asked.hold(figures.places, || coordinates::may_begin(text));
        asked.hold(figures.identifiers, || identifiers::may_begin(text));
        asked.hold(enforced.hosts, || hosts::may_begin(text));
        asked.hold(enforced.lines, || machine_readable::may_begin(text));
        let floors = (self.done, self.enforced);
        let is_enforced = |rule| engine.is_enforced(rule, direction);
        smuggling::hold(&engine.rules, text, floors, is_enforced, asked);
    }

    /// The same of the operator's own words and records.
    fn hold_own(&self, engine: &Engine, direction: Direction, asked: &mut Asked) {
        let text = self.text.as_slice();
        for words in &engine.words {
            asked.hold(engine.is_enforced(words.rule(), direction), || words.may_begin(text));
        }
        for records in &engine.records {
            asked.hold(engine.is_enforced(records.rule(), direction), || records.may_begin(text));
        }
    }

    /// Adds what begins before the frontier, at places of `text`.
    pub(super) fn find(
        &mut self,
        engine: &Engine,
        direction: Direction,
        frontier: Frontier,
        found: &mut Vec<Candidate>,
    ) {
        let decided = frontier.decided.max(self.done);
        let enforced = frontier.clear.max(self.enforced);
        let apart =
            [(Level::Enforced, self.enforced..enforced), (Level::Recorded, self.done..decided)];
        // In prose nothing is held, and one look serves both.
        let together = [(Level::All, self.done..decided)];
        // What nobody sees is read in rows, and each level remembers its own.
        let is_even =
            (self.enforced, enforced) == (self.done, decided) && self.signs.high <= self.done;
        let looks = if is_even { together.as_slice() } else { apart.as_slice() };
        for (level, range) in looks.iter().filter(|(_, range)| !range.is_empty()).cloned() {
            engine.find(direction, level, &self.text, range.clone(), &mut self.signs, found);
            if self.signs.long > range.start {
                packed::find(engine, direction, level, &self.text, range, found);
            }
        }
        (self.done, self.enforced) = (decided, enforced);
    }

    /// Moves out what nothing will look at again; says how much.
    pub(super) fn forget(&mut self) -> usize {
        let gone = self.done.saturating_sub(CONTEXT_BYTES);
        if gone < SLACK_BYTES {
            return 0;
        }
        self.text.drain(..gone);
        if self.text.capacity() > IDLE_BYTES && self.text.len() < IDLE_BYTES / 2 {
            self.text.shrink_to(IDLE_BYTES);
        }
        self.base += gone;
        self.done -= gone;
        self.enforced -= gone;
        self.asked -= gone;
        self.signs.shift(gone);
        self.tokens.shift(gone);
        self.addresses.shift(gone);
        self.armour.shift(gone);
        self.packed.shift(gone);
        gone
    }

    /// Bytes that it holds outside of itself.
    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.text.capacity() + self.tokens.heap()
    }

    #[cfg(test)]
    pub(super) fn tokens(&self) -> usize {
        self.tokens.len()
    }
}
