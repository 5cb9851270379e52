//! The way back: which bytes of the source stand behind a range of a decoded text.

use std::ops::Range;

/// Places at which a decoded text and its source part ways, in order. Between two marks, equally
/// long stretches go byte by byte; unequal ones stand for each other as a whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Map {
    marks: Vec<(u32, u32)>,
}

impl Map {
    /// Says that the decoded text's offset `view` is the source's offset `source`.
    pub(super) fn mark(&mut self, view: usize, source: usize) {
        let mark = (view as u32, source as u32);
        if self.marks.last() != Some(&mark) {
            self.marks.push(mark);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// The source bytes behind a range of the decoded text; what was removed inside of it counts,
    /// what was removed beside it does not.
    pub(super) fn source(&self, range: &Range<usize>) -> Range<usize> {
        if range.is_empty() {
            let at = self.stretch(range.start).map_or(range.start, |s| s.place(range.start));
            return at..at;
        }
        let start = self.stretch(range.start).map_or(range.start, |s| s.place(range.start));
        let last = range.end - 1;
        let end = self.stretch(last).map_or(range.end, |s| s.end_of(last));
        start..end.max(start)
    }

    /// The stretch that holds a byte of the decoded text.
    fn stretch(&self, at: usize) -> Option<Stretch> {
        let next = self.marks.partition_point(|(view, _)| *view as usize <= at);
        let from = self.marks.get(next.checked_sub(1)?)?;
        let to = self.marks.get(next).unwrap_or(from);
        let range = |a: u32, b: u32| a as usize..b as usize;
        Some(Stretch { view: range(from.0, to.0), source: range(from.1, to.1) })
    }
}

struct Stretch {
    view: Range<usize>,
    source: Range<usize>,
}

impl Stretch {
    fn is_even(&self) -> bool {
        self.view.len() == self.source.len()
    }

    fn place(&self, at: usize) -> usize {
        self.source.start + if self.is_even() { at - self.view.start } else { 0 }
    }

    fn end_of(&self, at: usize) -> usize {
        if self.is_even() { self.place(at) + 1 } else { self.source.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_changes_and_single_bytes() {
        // "ab" + three bytes for "X" + two removed + "cd".
        let mut map = Map::default();
        for (view, source) in [(0, 0), (2, 2), (3, 5), (3, 7), (5, 9)] {
            map.mark(view, source);
        }
        assert_eq!(map.source(&(0..1)), 0..1);
        assert_eq!(map.source(&(1..3)), 1..5);
        assert_eq!(map.source(&(2..3)), 2..5);
        assert_eq!(map.source(&(2..4)), 2..8);
        assert_eq!(map.source(&(3..5)), 7..9);
        assert_eq!(map.source(&(3..3)), 7..7);
    }
}
