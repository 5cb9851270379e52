//! Finds the operator's own words. Without any, it costs nothing.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::engine::resolve::Candidate;
use crate::settings::{SettingsError, Words};

#[derive(Debug)]
pub(crate) struct OwnWords {
    automaton: AhoCorasick,
    /// All words as they are compared, sorted: a stream asks which could be about to come.
    sorted: Vec<Vec<u8>>,
    first: Vec<bool>,
    longest: usize,
    ignore_case: bool,
    whole_word: bool,
    need_escapes: bool,
    rule: u16,
}

impl OwnWords {
    /// Nothing if the list is empty.
    pub(crate) fn compile(words: &Words, rule: u16) -> Result<Option<Self>, SettingsError> {
        if words.list.is_empty() {
            return Ok(None);
        }
        let mut sorted: Vec<Vec<u8>> =
            words.list.iter().flat_map(|word| spellings(word, words.ignore_case)).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(words.ignore_case)
            .build(&sorted)
            .map_err(|error| SettingsError::Words(error.to_string()))?;
        let mut first = vec![false; 256];
        for byte in sorted.iter().filter_map(|word| word.first()) {
            first[usize::from(*byte)] = true;
            first[usize::from(byte.to_ascii_uppercase())] |= words.ignore_case;
        }
        let is_escaped = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
        Ok(Some(Self {
            need_escapes: sorted.iter().flatten().any(is_escaped),
            longest: sorted.iter().map(Vec::len).max().unwrap_or(0),
            automaton,
            sorted,
            first,
            ignore_case: words.ignore_case,
            whole_word: words.whole_word,
            rule,
        }))
    }

    pub(crate) fn rule(&self) -> u16 {
        self.rule
    }

    /// Where a word might begin in JSON whose escapes are unresolved; see [`Self::need_escapes`].
    pub(crate) fn places(&self, raw: &[u8]) -> impl Iterator<Item = usize> {
        self.automaton.find_overlapping_iter(raw).map(|found| found.start())
    }

    /// Whether some word is never seen in raw JSON, because a character of it must be escaped.
    pub(crate) fn need_escapes(&self) -> bool {
        self.need_escapes
    }

    /// Adds every word that begins in `from..to`; the text may go on after `to`.
    pub(crate) fn find(&self, text: &[u8], from: usize, to: usize, out: &mut Vec<Candidate>) {
        let last = text.len().min(to + self.longest);
        let Some(window) = text.get(from..last) else { return };
        for found in self.automaton.find_overlapping_iter(window) {
            let (start, end) = (from + found.start(), from + found.end());
            if start < to && self.stands_alone(text, start, Some(end)) {
                out.push(Candidate::new(start, end, self.rule));
            }
        }
    }

    /// Whether no letter is glued to a word; without an end, only its beginning is judged.
    fn stands_alone(&self, text: &[u8], start: usize, end: Option<usize>) -> bool {
        let letter = |at: usize| text.get(at).is_some_and(|b| is_letter(*b));
        let begins = !letter(start) || start == 0 || !letter(start - 1);
        let ends = end.is_none_or(|end| !letter(end - 1) || !letter(end));
        !self.whole_word || (begins && ends)
    }

    /// The earliest place from which the text's end could be the beginning of a word.
    pub(crate) fn may_begin(&self, text: &[u8]) -> Option<usize> {
        let from = text.len().saturating_sub(self.longest);
        let mut folded = text[from..].to_vec();
        if self.ignore_case {
            folded.make_ascii_lowercase();
        }
        (from..text.len()).find(|at| {
            self.first[usize::from(text[*at])]
                && self.stands_alone(text, *at, None)
                && self.begins_with(&folded[at - from..])
        })
    }

    fn begins_with(&self, beginning: &[u8]) -> bool {
        let at = self.sorted.partition_point(|word| word.as_slice() < beginning);
        let mut words = self.sorted[at..].iter().take_while(|word| word.starts_with(beginning));
        // A whole word is decided by what follows it, a part of a word at once.
        words.any(|word| self.whole_word || word.len() > beginning.len())
    }
}

/// Anything beyond ASCII counts as a letter.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The spellings under which a word is compared. ASCII is folded by the automaton; of other
/// letters the small, the capital and the word as it was written are known.
fn spellings(word: &str, ignore_case: bool) -> Vec<Vec<u8>> {
    if !ignore_case {
        return vec![word.as_bytes().to_vec()];
    }
    [word.to_owned(), word.to_lowercase(), word.to_uppercase()]
        .map(|spelling| spelling.to_ascii_lowercase().into_bytes())
        .to_vec()
}
