//! What was found in one text so far: hits and edits, in that text's own offsets.

use std::ops::Range;

use super::{
    MAX_FOUND,
    edit::{Edit, settle},
};
use crate::{
    DetectorId, Fingerprint, Match,
    json::{Locator, encode_into},
};

/// Findings of one detector in one leaf.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    /// Where the leaf's content starts.
    pub(super) at: usize,
    pub(super) detector: DetectorId,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) count: u32,
    /// From the first value to the end of the last, in the same offsets as `at`.
    pub(super) span: Range<usize>,
    /// From the leaf inwards; outer texts put theirs before it.
    pub(super) path: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    pub(super) hits: Vec<Hit>,
    pub(super) edits: Vec<Edit>,
    pub(super) blocked: bool,
    pub(super) uninspected: u32,
}

impl Marks {
    pub(super) fn is_empty(&self) -> bool {
        self.hits.is_empty() && self.uninspected == 0
    }

    /// Counts a value found in the leaf at `at`, over this span.
    pub(super) fn hit(&mut self, at: usize, found: &Match, span: Range<usize>) {
        let Match { detector, fingerprint, .. } = *found;
        let here = self.hits.iter_mut().rev().take_while(|hit| hit.at == at);
        for hit in here {
            let is_same = hit.detector == detector && hit.fingerprint == fingerprint;
            if is_same && hit.path.is_empty() {
                hit.count = hit.count.saturating_add(1);
                hit.span = hit.span.start.min(span.start)..hit.span.end.max(span.end);
                return;
            }
        }
        self.add(Hit { at, detector, fingerprint, count: 1, span, path: String::new() });
    }

    fn add(&mut self, hit: Hit) {
        if self.hits.len() < MAX_FOUND {
            return self.hits.push(hit);
        }
        if let Some(last) = self.hits.last_mut() {
            last.count = last.count.saturating_add(hit.count);
        }
    }

    /// Takes over what was found in part of this text, `offset` bytes from its start.
    pub(super) fn absorb(&mut self, part: Marks, offset: usize) {
        self.blocked |= part.blocked;
        self.uninspected = self.uninspected.saturating_add(part.uninspected);
        for hit in part.hits {
            let span = hit.span.start + offset..hit.span.end + offset;
            self.add(Hit { at: hit.at + offset, span, ..hit });
        }
        self.edits.extend(part.edits.into_iter().map(|edit| Edit {
            range: edit.range.start + offset..edit.range.end + offset,
            with: edit.with,
        }));
    }

    /// Takes over what was found in the decoded content of the string at `at`: offsets go back
    /// through the escapes, replacements are escaped.
    pub(super) fn lift(&mut self, mut leaf: Marks, raw: &[u8], at: usize) {
        settle(&mut leaf.edits);
        self.blocked |= leaf.blocked;
        self.uninspected = self.uninspected.saturating_add(leaf.uninspected);
        for hit in leaf.hits {
            // What was found further in is never compared with a seam.
            let span =
                if hit.path.is_empty() { Locator::new(raw).range(hit.span) } else { 0..raw.len() };
            self.add(Hit { at, span: at + span.start..at + span.end, ..hit });
        }
        let mut locator = Locator::new(raw);
        for edit in leaf.edits {
            let range = locator.range(edit.range);
            let mut with = Vec::with_capacity(edit.with.len());
            encode_into(&edit.with, &mut with);
            self.edits.push(Edit { range: at + range.start..at + range.end, with });
        }
    }
}
