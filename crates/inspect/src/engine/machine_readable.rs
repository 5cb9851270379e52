//! Finds the lines of machine readable zones: passports, visas and cards (ICAO 9303).

use crate::detectors::class;
use crate::engine::Rules;
use crate::engine::index::is_boundary;
use crate::engine::resolve::Candidate;
use crate::engine::tokens::{next_run, run_end};
use crate::validators::documents::mrz;

/// The shortest line, of cards.
const MIN_LINE: usize = 30;

/// The longest line, of passports.
const LINE_BYTES: usize = 44;

static LINE: [bool; 256] = class("0-9A-Z<");

/// Adds every line that begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(rules: &Rules, text: &[u8], from: usize, to: usize, out: &mut Vec<Candidate>) {
    let mut at = from;
    while let Some(start) = next_run(&LINE, MIN_LINE, text, at, to) {
        let end = run_end(&LINE, text, start + MIN_LINE);
        if begins(text, start) && mrz(&text[start..end]) {
            out.push(Candidate::new(start, end, rules.machine_readable));
        }
        at = end + 1;
    }
}

/// A line is all of its run.
fn begins(text: &[u8], at: usize) -> bool {
    is_boundary(text, at) && text[..at].last() != Some(&b'<')
}

/// Where the line begins that reaches the text's end, unless it is too long already.
pub(crate) fn may_begin(text: &[u8]) -> Option<usize> {
    let window = &text[text.len().saturating_sub(LINE_BYTES + 1)..];
    let length = window.iter().rev().take_while(|byte| LINE[usize::from(**byte)]).count();
    let start = text.len() - length;
    ((1..=LINE_BYTES).contains(&length) && begins(text, start)).then_some(start)
}
