//! The tail of private keys: from their first dash to their last, or to the bound.

use super::Frontier;
use crate::engine::Rules;
use crate::engine::armour::{Armour, BEGIN, Verdict};

#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Up to where beginnings have been looked for.
    seen: usize,
    open: Option<(usize, Armour)>,
}

impl Tail {
    pub(super) fn read(
        &mut self,
        rules: &Rules,
        text: &[u8],
        is_enforced: impl Fn(u16) -> bool,
        frontier: &mut Frontier,
    ) {
        loop {
            if let Some((start, armour)) = &mut self.open {
                if armour.read(&text[*start..]) == Verdict::Open {
                    frontier.hold(*start, is_enforced(rules.armour));
                    return;
                }
                self.seen = *start + 1;
                self.open = None;
            }
            let rest = &text[self.seen..];
            let Some(dash) = memchr::memchr(b'-', rest) else {
                self.seen = text.len();
                return;
            };
            self.seen += dash;
            if let Some(begin) = rules.begin.find(&text[self.seen..]) {
                self.open = Some((self.seen + begin, Armour::default()));
                continue;
            }
            self.seen = self.seen.max(text.len().saturating_sub(BEGIN.len()));
            let is_beginning = |at: &usize| BEGIN.starts_with(&text[*at..]);
            if let Some(at) = (self.seen..text.len()).find(is_beginning) {
                frontier.hold(at, is_enforced(rules.armour));
            }
            return;
        }
    }

    pub(super) fn shift(&mut self, by: usize) {
        self.seen = self.seen.saturating_sub(by);
        self.open = self.open.map(|(start, armour)| (start.saturating_sub(by), armour));
    }
}
