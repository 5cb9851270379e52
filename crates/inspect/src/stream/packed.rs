//! Runs of base64 and hex in a channel: held while they decode to text, and judged decoded.
//!
//! A run is followed from its first digit. While what it decodes to could still be text, nothing
//! after its first [`LEAD`] digits leaves; a word of prose or a hash fails within a few digits. So
//! at most [`LEAD`] digits of an encoded value are out before it is known, six bytes of what it says.
//! Lines of wrapped base64 are runs of their own; glued starts and other alignments are left to the
//! look over whole texts.

use std::ops::Range;

use super::Frontier;
use crate::detectors::CONTEXT_BYTES;
use crate::engine::resolve::Candidate;
use crate::engine::tokens::next_run;
use crate::engine::{Direction, Engine, Level, Signs};
use crate::views::packed::{DIGITS, MIN_RUN, Steady};
use crate::views::{self, Limits};

/// Digits of a run that are never held, and never masked.
pub(crate) const LEAD: usize = 8;

/// The most of one run that is held; what comes after is not looked at.
pub(crate) const HELD_RUN: usize = 4 * 1024;

/// The run that reaches the end of the text.
#[derive(Debug, Default)]
pub(super) struct Tail {
    start: usize,
    /// Whether its beginning is still in the text.
    is_known: bool,
    steady: Steady,
}

impl Tail {
    pub(super) fn read(&mut self, text: &[u8], old: usize, frontier: &mut Frontier) {
        let mut from = old;
        if let Some(gap) = text[old..].iter().rposition(|byte| !DIGITS[usize::from(*byte)]) {
            (self.start, self.is_known) = (old + gap + 1, true);
            from = self.start;
            self.steady = Steady::default();
        } else if old == 0 {
            self.is_known = true;
        }
        if !self.is_known {
            return;
        }
        for digit in &text[from..] {
            if !self.steady.push(*digit) {
                break;
            }
        }
        if self.steady.is_text() && text.len() - self.start <= HELD_RUN {
            frontier.hold(self.start + LEAD, true);
        }
    }

    pub(super) fn shift(&mut self, by: usize) {
        self.is_known &= self.start >= by;
        self.start = self.start.saturating_sub(by);
    }
}

/// Adds what is found in the runs whose candidates begin in the range.
pub(super) fn find(
    engine: &Engine,
    direction: Direction,
    level: Level,
    text: &[u8],
    range: Range<usize>,
    found: &mut Vec<Candidate>,
) {
    let (mut at, to) = (run_start(text, range.start), range.end.saturating_sub(LEAD));
    while at < to
        && let Some(start) = next_run(&DIGITS, MIN_RUN, text, at, to)
    {
        let digits = text[start..].iter().take(HELD_RUN);
        let end = start + digits.take_while(|byte| DIGITS[usize::from(**byte)]).count();
        at = crate::engine::tokens::run_end(&DIGITS, text, end) + 1;
        if start + LEAD >= range.start
            && let Some(decoded) = Steady::decode(&text[start..end])
        {
            judge(engine, direction, level, text, start..end, &decoded, found);
        }
    }
}

/// Where to look for runs from, so that the one around `from` is seen from its start if that is
/// near, and not at all if not.
fn run_start(text: &[u8], from: usize) -> usize {
    let before = &text[from.saturating_sub(LEAD + 1)..from];
    let digits = before.iter().rev().take_while(|byte| DIGITS[usize::from(**byte)]).count();
    if digits <= LEAD {
        return from - digits;
    }
    crate::engine::tokens::run_end(&DIGITS, text, from)
}

/// The run as a whole is the finding, for each detector that finds something in it.
fn judge(
    engine: &Engine,
    direction: Direction,
    level: Level,
    text: &[u8],
    run: Range<usize>,
    decoded: &[u8],
    found: &mut Vec<Candidate>,
) {
    let context = &text[run.start.saturating_sub(CONTEXT_BYTES)..run.start];
    let inside = [context, decoded].concat();
    let mut candidates = Vec::new();
    let whole = context.len()..inside.len();
    engine.find(direction, level, &inside, whole, &mut Signs::all(), &mut candidates);
    views::each(decoded, &Limits::default(), &mut |view| {
        let text = view.text();
        engine.find(direction, level, text, 0..text.len(), &mut Signs::all(), &mut candidates);
    });
    candidates.sort_by_key(|candidate| candidate.rule);
    candidates.dedup_by_key(|candidate| candidate.rule);
    let (start, end) = (run.start + LEAD, run.end);
    let whole = |candidate| Candidate { start, end, ..candidate };
    found.extend(candidates.into_iter().map(whole));
}
