//! Finds the operator's own records: values of a set of fingerprints. Without one, it costs nothing.

use std::sync::Arc;

use crate::engine::resolve::Candidate;
use crate::exact::Set;

#[derive(Debug)]
pub(crate) struct OwnRecords {
    set: Arc<Set>,
    rule: u16,
}

impl OwnRecords {
    pub(crate) fn new(set: &Arc<Set>, rule: u16) -> Self {
        Self { set: Arc::clone(set), rule }
    }

    pub(crate) fn rule(&self) -> u16 {
        self.rule
    }

    /// Adds every value that begins in `from..to`; the text may go on after `to`.
    pub(crate) fn find(&self, text: &[u8], from: usize, to: usize, out: &mut Vec<Candidate>) {
        let mut found = Vec::new();
        self.set.find(text, from, to, &mut found);
        let rule = self.rule;
        out.extend(found.into_iter().map(|r| Candidate::new(r.start, r.end, rule)));
    }

    /// Where a value might begin in JSON of which leaves with escapes are looked at anyway: a leaf
    /// without any reads there as it does alone, and what follows it only makes values longer.
    pub(crate) fn places(&self, raw: &[u8], most: usize) -> Vec<usize> {
        let mut found = Vec::new();
        self.find(raw, 0, raw.len(), &mut found);
        found.iter().map(|candidate| candidate.start).take(most).collect()
    }

    /// The earliest place from which the text's end could be the beginning of a value.
    pub(crate) fn may_begin(&self, text: &[u8]) -> Option<usize> {
        self.set.open(text)
    }
}

#[cfg(test)]
mod tests;
