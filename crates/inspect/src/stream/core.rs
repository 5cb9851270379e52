//! One reading of a channel: its undecided text, and from where on each format is undecided.

use super::{Frontier, address, armour, number, packed, smuggling, token};
use crate::engine::resolve::Candidate;
use crate::engine::{Direction, Engine, Level, Signs};
use crate::engine::{
    assignments, coordinates, hosts, identifiers, machine_readable, mnemonics, phones,
};

/// What stands before undecided text and is still looked at: keywords, user names of URLs.
pub(super) const CONTEXT_BYTES: usize = 192;

/// Decided text that may lie at the front of the buffer before it is moved out.
const SLACK_BYTES: usize = 256;

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
        let mut core = Self { done: other.done, enforced: other.done, ..Self::default() };
        core.signs.wrappers = other.signs.wrappers;
        let frontier = core.read(engine, direction, &other.text);
        (core, frontier)
    }

    pub(super) fn done(&self) -> usize {
        self.done
    }

    pub(super) fn end(&self) -> usize {
        self.base + self.text.len()
    }

    /// Takes more text and asks every format for its tail.
    pub(super) fn read(&mut self, engine: &Engine, direction: Direction, more: &[u8]) -> Frontier {
        let old = self.text.len();
        self.text.extend_from_slice(more);
        self.signs.read(&self.text, old);
        self.frontier(engine, direction, old)
    }

    /// Asks every format for its tail. The bytes from `old` on are new.
    fn frontier(&mut self, engine: &Engine, direction: Direction, old: usize) -> Frontier {
        let text = self.text.as_slice();
        let is_enforced = |rule| engine.is_enforced(rule, direction);
        let mut frontier = Frontier { decided: text.len(), clear: text.len() };
        self.tokens.read(&engine.index, text, old, is_enforced, &mut frontier);
        self.addresses.read(&engine.rules, text, old, is_enforced, &mut frontier);
        self.armour.read(&engine.rules, text, is_enforced, &mut frontier);
        if let Some(at) = assignments::open(text, self.signs.names) {
            let mut rules = engine.rules.assigned.all().into_iter();
            frontier.hold(at, rules.any(is_enforced));
        }
        number::hold(&engine.rules, text, is_enforced, &mut frontier);
        if let Some(at) = machine_readable::may_begin(text) {
            frontier.hold(at, is_enforced(engine.rules.machine_readable));
        }
        if let Some(at) = mnemonics::open(text) {
            frontier.hold(at, is_enforced(engine.rules.mnemonic));
        }
        self.hold_contacts(engine, direction, &mut frontier);
        if let Some(at) = identifiers::may_begin(text) {
            frontier.hold(at, engine.identifiers.rules.iter().any(|rule| is_enforced(*rule)));
        }
        self.packed.read(text, old, &mut frontier);
        let floors = (self.done, self.enforced);
        smuggling::hold(&engine.rules, text, floors, is_enforced, &mut frontier);
        for words in &engine.words {
            if let Some(at) = words.may_begin(text) {
                frontier.hold(at, is_enforced(words.rule()));
            }
        }
        for records in &engine.records {
            if let Some(at) = records.may_begin(text) {
                frontier.hold(at, is_enforced(records.rule()));
            }
        }
        frontier
    }

    /// The tails of telephone numbers, places and addresses of machines.
    fn hold_contacts(&self, engine: &Engine, direction: Direction, frontier: &mut Frontier) {
        let (text, rules) = (self.text.as_slice(), &engine.rules);
        let is_enforced = |rule| engine.is_enforced(rule, direction);
        if let Some(at) = phones::may_begin(text, self.signs.digits.max(self.signs.opens)) {
            frontier.hold(at, is_enforced(rules.phone));
        }
        if let Some(at) = coordinates::may_begin(text) {
            frontier.hold(at, is_enforced(rules.coordinates));
        }
        if let Some(at) = hosts::may_begin(text) {
            let hosts = [rules.ip, rules.ip_private, rules.mac];
            frontier.hold(at, hosts.into_iter().any(is_enforced));
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
        for (level, range) in looks.iter().cloned() {
            engine.find(direction, level, &self.text, range.clone(), &mut self.signs, found);
            packed::find(engine, direction, level, &self.text, range, found);
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
