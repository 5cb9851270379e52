//! The tail of credentials: where in the last word one of their prefixes begins.

use std::collections::VecDeque;

use super::Frontier;
use crate::detectors::{ALNUM, CONTEXT_BYTES, TOKEN};
use crate::engine::index::{Index, Viable, is_boundary};

/// No prefix is as long as this, so what began earlier is no partial prefix.
const PREFIX_BYTES: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Where the last word begins, or later if it was read before.
    word: usize,
    /// Up to where the last word has been read.
    seen: usize,
    /// Up to where keywords have been looked for.
    keywords_seen: usize,
    /// One past where the last keyword began; 0: none.
    keyword: usize,
    /// Places in the last word where a token may begin.
    starts: VecDeque<(usize, Viable)>,
}

impl Tail {
    pub(super) fn read(
        &mut self,
        index: &Index,
        text: &[u8],
        old: usize,
        is_enforced: impl Fn(u16) -> bool + Copy,
        frontier: &mut Frontier,
    ) {
        let end = text.len();
        if let Some(gap) = text[old..].iter().rposition(|byte| !TOKEN[usize::from(*byte)]) {
            self.starts.clear();
            self.word = old + gap + 1;
            self.seen = self.word;
        }
        self.read_keywords(index, text);
        let keyword = self.keyword;
        let has_keywords = |at: usize| keyword > 0 && keyword + CONTEXT_BYTES > at;
        for (start, viable) in self.starts.iter_mut().rev() {
            if end - *start > PREFIX_BYTES + (end - old) {
                break;
            }
            if viable.is_partial {
                *viable = index.viable(text, *start, has_keywords(*start), is_enforced);
            }
        }
        for at in self.seen..end {
            let is_start = at == 0
                || !ALNUM[usize::from(text[at - 1])]
                || (at < self.word + 3 && is_boundary(text, at));
            if is_start {
                let viable = index.viable(text, at, has_keywords(at), is_enforced);
                if viable.longest > 0 {
                    self.starts.push_back((at, viable));
                }
            }
        }
        self.seen = end;
        while self.starts.front().is_some_and(|(start, viable)| end - start > viable.longest) {
            self.starts.pop_front();
        }
        if let Some((start, _)) = self.starts.front() {
            frontier.hold(*start, false);
        }
        let is_held = |(start, viable): &&(usize, Viable)| {
            viable.is_enforced && end - start <= viable.longest
        };
        if let Some((start, _)) = self.starts.iter().find(is_held) {
            frontier.hold(*start, true);
        }
    }

    /// Keeps the place of the last keyword, as far as it may matter to the last word.
    fn read_keywords(&mut self, index: &Index, text: &[u8]) {
        let from = self.keywords_seen.max(self.word.saturating_sub(CONTEXT_BYTES));
        let (last, again) = index.keywords.last(text, from);
        self.keyword = last.map_or(self.keyword, |last| last + 1);
        self.keywords_seen = again;
    }

    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.starts.capacity() * size_of::<(usize, Viable)>()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn shift(&mut self, by: usize) {
        self.word = self.word.saturating_sub(by);
        self.seen -= by;
        self.keywords_seen = self.keywords_seen.saturating_sub(by);
        self.keyword = self.keyword.saturating_sub(by);
        self.starts.iter_mut().for_each(|(start, _)| *start -= by);
    }
}
