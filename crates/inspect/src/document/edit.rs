//! Edits: byte ranges and what takes their place.

use std::ops::Range;

/// Replace these bytes with those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the text as it was.
    pub range: Range<usize>,
    pub with: Vec<u8>,
}

/// Splices the edits into the body. They must be sorted and must not overlap, as in a report; one
/// that does not fit is left out.
pub fn apply(body: &[u8], edits: &[Edit]) -> Vec<u8> {
    let grown: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut out = Vec::with_capacity(body.len() + grown);
    let mut at = 0;
    for edit in edits {
        let Some(between) = body.get(at..edit.range.start) else { continue };
        out.extend_from_slice(between);
        out.extend_from_slice(&edit.with);
        at = edit.range.end.min(body.len());
    }
    out.extend_from_slice(body.get(at..).unwrap_or_default());
    out
}

/// Sorts edits and joins those that overlap: the union, with the text of the longest.
pub(super) fn settle(edits: &mut Vec<Edit>) {
    let settled = edits.is_sorted_by(|a, b| a.range.end <= b.range.start);
    if settled {
        return;
    }
    edits.sort_by_key(|edit| (edit.range.start, usize::MAX - edit.range.end));
    let mut longest = 0;
    edits.dedup_by(|next, kept| {
        longest = longest.max(kept.range.len());
        if next.range.start >= kept.range.end {
            longest = 0;
            return false;
        }
        kept.range.end = kept.range.end.max(next.range.end);
        if next.range.len() > longest {
            longest = next.range.len();
            std::mem::swap(&mut kept.with, &mut next.with);
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(range: Range<usize>, with: &str) -> Edit {
        Edit { range, with: with.into() }
    }

    #[test]
    fn splices() {
        let edits = [edit(0..1, "X"), edit(2..2, "Y"), edit(3..5, "")];
        assert_eq!(apply(b"abcde", &edits), b"XbYc");
        assert_eq!(apply(b"abc", &[edit(2..9, "X"), edit(1..2, "Y")]), b"abX");
    }

    #[test]
    fn overlapping_edits_become_one() {
        let mut edits = vec![edit(4..6, "b"), edit(0..3, "a"), edit(5..9, "c"), edit(4..5, "d")];
        settle(&mut edits);
        assert_eq!(edits, [edit(0..3, "a"), edit(4..9, "c")]);
    }
}
