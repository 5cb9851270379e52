//! Marked, found, and what of each fits: precision, recall and F1.

use std::ops::Range;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) marked: usize,
    /// Marked, and found.
    pub(crate) hit: usize,
    pub(crate) found: usize,
    /// Found, and marked.
    pub(crate) right: usize,
}

impl Tally {
    pub(crate) fn precision(&self) -> f64 {
        ratio(self.right, self.found)
    }

    pub(crate) fn recall(&self) -> f64 {
        ratio(self.hit, self.marked)
    }

    pub(crate) fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if precision + recall == 0.0 {
            0.0
        } else {
            2.0 * precision * recall / (precision + recall)
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.marked += other.marked;
        self.hit += other.hit;
        self.found += other.found;
        self.right += other.right;
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Whether findings cover at least half of a marked stretch.
pub(crate) fn covers_half(marked: &Range<usize>, found: &[Range<usize>]) -> bool {
    let covered: usize = found.iter().map(|found| overlap(marked, found)).sum();
    covered * 2 >= marked.len() && covered > 0
}

pub(crate) fn overlap(one: &Range<usize>, other: &Range<usize>) -> usize {
    one.end.min(other.end).saturating_sub(one.start.max(other.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_stretch_is_enough_and_less_is_not() {
        assert!(covers_half(&(10..20), &[0..15, 40..41]));
        assert!(covers_half(&(10..20), &[9..12, 17..30]));
        assert!(!covers_half(&(10..20), &[0..14, 40..41]));
        assert!(!covers_half(&(10..20), &[]));
    }

    #[test]
    fn f1_is_the_harmonic_mean() {
        let tally = Tally { marked: 4, hit: 2, found: 2, right: 2 };
        assert!((tally.f1() - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(Tally::default().f1(), 0.0);
    }
}
