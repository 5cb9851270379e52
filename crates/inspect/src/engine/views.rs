//! The scan of a text and of everything that it says in an encoding or a disguise.

use std::collections::BTreeMap;

use super::resolve::{Candidate, Resolver};
use super::{Direction, Engine, Level, Match, Signs, resolve};
use crate::views::{self, View};

/// What is known so far, by detector and start.
#[derive(Default)]
struct Known(BTreeMap<(u16, usize), usize>);

impl Known {
    /// Whether a candidate shows anything new; if so, it is known from now on.
    fn adds(&mut self, candidate: &Candidate) -> bool {
        let Candidate { start, end, rule, .. } = *candidate;
        let before = self.0.range((rule, 0)..(rule, end)).next_back();
        let is_new = before.is_none_or(|(_, known)| *known <= start);
        if is_new {
            self.0.insert((rule, start), end);
        }
        is_new
    }
}

impl Engine {
    /// As [`Engine::scan`], and also what only shows once encodings and disguises are off: see
    /// [`crate::views`]. Matches give the bytes of `text`: whole escapes and encoded runs. Gives what
    /// [`views::each`] gives.
    pub fn scan_views(&self, direction: Direction, text: &[u8], out: &mut Vec<Match>) -> bool {
        let mut found = Vec::new();
        if !self.is_plainly_clean(text) {
            self.find(direction, Level::All, text, 0..text.len(), &mut Signs::all(), &mut found);
        }
        let mut known: Option<Known> = None;
        let is_layered = views::each(text, &views::Limits::default(), &mut |view| {
            self.find_in_view(direction, view, &mut known, &mut found);
        });
        let action = |rule| self.action(rule, direction);
        if known.is_some() {
            resolve::sort(&mut found, action, |rule| self.confidence(rule));
        }
        Resolver::default().resolve(&mut found, text.len(), action, out);
        is_layered
    }

    fn find_in_view(
        &self,
        direction: Direction,
        view: &View<'_>,
        known: &mut Option<Known>,
        found: &mut Vec<Candidate>,
    ) {
        let mut inside = Vec::new();
        let text = view.text();
        self.find(direction, Level::All, text, 0..text.len(), &mut Signs::all(), &mut inside);
        if inside.is_empty() {
            return;
        }
        let known = known.get_or_insert_with(|| {
            let list = found.iter().map(|c| ((c.rule, c.start), c.end));
            Known(list.collect())
        });
        for candidate in inside {
            let range = view.source(candidate.start..candidate.end);
            let candidate = Candidate { start: range.start, end: range.end, ..candidate };
            if candidate.start < candidate.end && known.adds(&candidate) {
                found.push(candidate);
            }
        }
    }
}
