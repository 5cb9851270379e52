//! The words that say what a number is, in the languages in which they are said.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::{Anchored, dfa::DFA};

use crate::detectors::{CONTEXT_BYTES, Declaration, Form};
use crate::engine::Keywords;
use crate::engine::index::is_boundary;

/// Words up to this length must stand alone; a longer one may go on (`passports`).
const SHORT_WORD: usize = 5;

/// What may follow a word in a name (`phone_number`): with anything else behind it the name is
/// another thing's (`phone_model`, `passport_expiry`).
const TAILS: [&[u8]; 6] = [b"", b"number", b"no", b"nr", b"num", b"value"];

/// All words of all numbers.
#[derive(Debug)]
pub(crate) struct Context {
    automaton: Option<DFA>,
    /// For each word, the rules whose word it is.
    rules: Vec<Vec<u16>>,
}

impl Context {
    pub(super) fn new(catalogue: &'static [Declaration]) -> Self {
        let mut words: Vec<&'static str> = Vec::new();
        let mut rules: Vec<Vec<u16>> = Vec::new();
        for (rule, declared) in catalogue.iter().enumerate() {
            if !matches!(declared.form, Form::Identifier { .. } | Form::Phone | Form::Coordinates) {
                continue;
            }
            for word in declared.keywords {
                let place = words.iter().position(|known| known == word).unwrap_or_else(|| {
                    words.push(word);
                    rules.push(Vec::new());
                    words.len() - 1
                });
                rules[place].push(rule as u16);
            }
        }
        // The words are ours and few: that they compile is tested with the catalogue.
        let automaton = DFA::builder().ascii_case_insensitive(true).build(&words).ok();
        Self { automaton, rules }
    }

    /// Whether a text ends with one of the words, or with one and then only what does not make it
    /// another thing's name: see [`TAILS`].
    pub(crate) fn ends(&self, text: &[u8]) -> bool {
        let mut near = self.reader(Keywords::Assumed);
        let is_last = |word: &Word| {
            let after = text.get(word.start + word.length..).unwrap_or_default().trim_ascii();
            TAILS.iter().any(|tail| after.eq_ignore_ascii_case(tail))
        };
        near.advance(text, text.len()) && near.words.iter().any(is_last)
    }

    /// A reader of the words of one text.
    pub(crate) fn reader(&self, keywords: Keywords) -> Near<'_> {
        let reach = if keywords == Keywords::Assumed { 2 * CONTEXT_BYTES } else { CONTEXT_BYTES };
        Near { context: self, reach, state: None, seen: 0, words: Vec::new() }
    }
}

/// A word that was read: where it begins, its length, its place in the list.
#[derive(Clone, Copy, Debug)]
struct Word {
    start: usize,
    length: usize,
    number: usize,
}

/// The words before a place that moves forward through a text; nothing is read twice.
///
/// For JSON with its escapes unresolved ([`Keywords::Assumed`]) it reaches twice as far: the same
/// words stand at most that far away.
#[derive(Debug)]
pub(crate) struct Near<'c> {
    context: &'c Context,
    reach: usize,
    state: Option<StateID>,
    /// Up to where words have been looked for.
    seen: usize,
    words: Vec<Word>,
}

impl Near<'_> {
    /// Moves to `at`. False: no word begins within reach before it.
    pub(crate) fn advance(&mut self, text: &[u8], at: usize) -> bool {
        let from = at.saturating_sub(self.reach);
        if let Some(automaton) = &self.context.automaton {
            self.read(automaton, text, from, at);
        }
        self.words.retain(|word| word.start >= from);
        !self.words.is_empty()
    }

    fn read(&mut self, automaton: &DFA, text: &[u8], from: usize, at: usize) {
        if self.state.is_none() || self.seen < from {
            self.state = automaton.start_state(Anchored::No).ok();
            self.seen = self.seen.max(from);
        }
        let Some(mut state) = self.state else { return };
        for (place, byte) in text.iter().enumerate().take(at).skip(self.seen) {
            state = automaton.next_state(Anchored::No, state, *byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                self.note(automaton, state, text, place + 1);
            }
        }
        (self.state, self.seen) = (Some(state), self.seen.max(at));
    }

    fn note(&mut self, automaton: &DFA, state: StateID, text: &[u8], end: usize) {
        for place in 0..automaton.match_len(state) {
            let pattern = automaton.match_pattern(state, place);
            let length = automaton.pattern_len(pattern);
            let start = end - length;
            if stands_alone(text, start, end) {
                self.words.push(Word { start, length, number: pattern.as_usize() });
            }
        }
    }

    /// Whether one of a rule's words within reach is none of the weak ones.
    pub(crate) fn has_strong(&self, text: &[u8], rule: u16, weak: &[&str]) -> bool {
        self.words.iter().any(|word| {
            let written = text.get(word.start..word.start + word.length).unwrap_or_default();
            self.context.rules[word.number].contains(&rule)
                && !weak.iter().any(|weak| written.eq_ignore_ascii_case(weak.as_bytes()))
        })
    }

    /// The length of the longest of a rule's words within reach; 0: none.
    pub(crate) fn longest(&self, rule: u16) -> usize {
        let of_rule = |word: &&Word| self.context.rules[word.number].contains(&rule);
        self.words.iter().filter(of_rule).map(|word| word.length).max().unwrap_or(0)
    }
}

/// Whether a word begins where one may begin, `taxId` included, and ends where a short one must.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let is_hump = text[start].is_ascii_uppercase()
        && text[..start].last().is_some_and(u8::is_ascii_lowercase);
    let begins = is_hump || is_boundary(text, start) || !text[start].is_ascii_alphanumeric();
    let (last, next) = (text[end - 1], text.get(end).copied().unwrap_or(b' '));
    let is_hump = last.is_ascii_lowercase() && next.is_ascii_uppercase();
    let goes_on = last.is_ascii_alphanumeric() && next.is_ascii_alphabetic() && !is_hump;
    begins && !(goes_on && end - start <= SHORT_WORD)
}
